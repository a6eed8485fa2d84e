"""Linen and wool: cushions, folded throws, tea towels."""

import math
from collections.abc import Callable

from studio.materials import Weave, cloth, fibre
from studio.shapes import Place, Point2, Point3, along, put, ripple, surface, tube

OCHRE = "#c08a3a"
NATURAL = "#cdbfa6"
BLUE_GREY = "#7d8fa0"
GREY = "#9a9894"
ECRU = "#e6dcc8"


def cushion(code: str, place: Place) -> None:
    """A 45 cm linen cushion, plump in the middle and pulled in at its sides."""
    linen = cloth(Weave(code, (150.0, 150.0), fuzz=0.3))

    def half(sign: int) -> Callable[[float, float], Point3]:
        def position(u: float, v: float) -> Point3:
            x, y = 2 * u - 1, 2 * v - 1
            pinch_x, pinch_y = 1 - 0.075 * (1 - y * y), 1 - 0.075 * (1 - x * x)
            full = ((1 - x**2) * (1 - y**2)) ** 0.46
            edge = max(abs(x), abs(y))
            fold = ripple(22 * x * pinch_x, 22 * y * pinch_y, seed=3.1 + sign, grain=5.0) * 0.75 * edge
            fold += (
                ripple(9 * x, 40 * y, seed=9.4, grain=6.0) * 0.45 + ripple(40 * x, 9 * y, seed=5.4, grain=6.0) * 0.45
            )
            height = 7.6 * full + fold * min(full * 2.2, 1.0)
            return (22.5 * x * pinch_x, 22.5 * y * pinch_y, sign * height)

        return position

    for sign in (1, -1):
        put(surface(90, 90, half(sign)), linen, place)
    for axis in (0, 1):
        for end in (0.0, 1.0):
            at = half(1)
            seam = [at(s / 24, end) if axis else at(end, s / 24) for s in range(25)]
            put(tube(seam, 0.32), fibre(code), place)


def _folds(layers: int, depth: float, pitch: float, hang: float) -> list[Point2]:
    """The section of a folded cloth: layers one over the other, and a flap hanging over the front by `hang` cm."""
    section: list[Point2] = []
    for layer in range(layers):
        level = pitch * (layer + 0.5)
        towards = 1 if (layers - layer) % 2 == 0 else -1
        reach = depth / 2 - 0.25 * layer * pitch * 0.3
        section += [(towards * -reach + towards * 2 * reach * s / 12, level) for s in range(13)]
        if layer < layers - 1:
            for step in range(1, 8):
                angle = math.pi * step / 8
                section.append(
                    (towards * (reach + pitch / 2 * math.sin(angle)), level + pitch / 2 * (1 - math.cos(angle)))
                )
    if hang:
        x, top = section[-1]
        bend = pitch * 0.9
        for step in range(1, 9):
            angle = math.pi / 2 * step / 8
            section.append((x - bend * math.sin(angle), top - bend * (1 - math.cos(angle))))
        section += [(x - bend, top - bend - hang * s / 6) for s in range(1, 7)]
    return section


def throw(code: str, place: Place) -> None:
    """A wool throw folded in five, its fringed end falling over the front."""
    width, pitch = 42.0, 2.0
    section = along(_folds(5, 30.0, pitch, hang=3.6))

    def position(u: float, v: float) -> Point3:
        y, z = section(v)
        x = (u - 0.5) * width + ripple(u * 10, v * 90, seed=1.3, grain=14.0) * 0.5
        sag = ripple(u * 42, y, seed=7.7 + round(z), grain=13.0) * 0.9 - 0.5 * (2 * u - 1) ** 4
        return (x, y + ripple(u * 42, z, seed=2.2, grain=9.0) * 0.5, max(z + sag * z / 10.0, 0.4))

    wool = cloth(Weave(code, (120.0, 460.0), twill=True, fuzz=0.12))
    put(surface(60, 220, position, thickness=1.5), wool, place)
    yarn = fibre(code)
    for step in range(58):
        u = (step + 0.5) / 58
        x, y, z = position(u, 1.0)
        sway = ripple(u * 60, 0.0, seed=4.4, grain=2.0)
        fringe: list[Point3] = [(x, y, z + 0.6), (x, y - 0.15, z - 0.8), (x + 0.4 * sway, y - 0.35, z - 1.9)]
        put(tube([*fringe, (x + 0.7 * sway, y - 0.3 + 0.4 * sway, max(z - 3.3 + 0.3 * sway, 0.25))], 0.24), yarn, place)


def tea_towels(stripe: str, place: Place) -> None:
    """Two linen tea towels folded and laid one on the other, their stripes showing on top."""
    pitch, layers = 0.62, 5
    section = along(_folds(layers, 23.0, pitch, hang=0.0))
    for level, turned in ((0.0, 3.0), (pitch * layers + 0.25, -4.0)):

        def position(u: float, v: float, *, lift: float = level) -> Point3:
            y, z = section(v)
            soft = ripple(u * 30, y, seed=lift + round(z * 2), grain=9.0) * 0.25 - 0.18 * abs(2 * u - 1) ** 5
            x = (u - 0.5) * 31.0 + ripple(z * 4, y, seed=lift, grain=7.0) * 0.18
            return (x, y + ripple(u * 31, z, seed=6.1, grain=8.0) * 0.22, z + lift + soft * (z + lift) / 4)

        start = 1 - 1 / layers * 0.98
        bands = [(0.10, 0.24), (0.30, 0.335), (0.38, 0.415), (0.66, 0.70)]
        stripes = tuple((start + low / layers, start + high / layers) for low, high in bands)
        linen = cloth(Weave(ECRU, (110.0, 420.0), stripe=stripe, stripes=stripes))
        turn_x, turn_y, turn_z = place.turn_deg
        put(surface(50, 200, position, thickness=0.34), linen, Place(place.at, (turn_x, turn_y, turn_z + turned)))
