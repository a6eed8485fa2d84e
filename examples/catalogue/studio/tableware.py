"""Stoneware and glass for the table: bowls, plates, mugs, the teapot, the carafe and the glasses."""

import math

from studio.materials import Glaze, glass, stoneware, wax, wood
from studio.shapes import Place, Point2, Point3, put, slab, tube, turn
from studio.woodware import BEECH

NIGHT = "#263a5e"
CREAM = "#e9dfca"
SAGE = "#93a288"
TERRACOTTA = "#b4633f"


def bowl(code: str, place: Place) -> None:
    """A deep bowl, 15 cm across, on a small foot."""
    profile: list[Point2] = [(0, 0.5), (2.2, 0.5), (2.6, 0), (3.2, 0), (3.3, 0.6), (4.6, 1.5), (6.2, 3.3), (7.1, 5.4)]
    profile += [
        (7.45, 6.8),
        (7.48, 7.0),
        (7.38, 7.05),
        (7.2, 6.9),
        (6.8, 5.4),
        (5.9, 3.6),
        (4.2, 2.0),
        (2.0, 1.35),
        (0, 1.3),
    ]
    put(turn(profile, wobble=0.006), stoneware(Glaze(code, rim=7.1, foot=0.75)), place)


def plate(code: str, place: Place) -> None:
    """A flat plate, 27 cm across, its rim raised."""
    profile: list[Point2] = [
        (0, 0.3),
        (8.0, 0.3),
        (8.3, 0),
        (8.9, 0),
        (9.1, 0.4),
        (11.6, 1.0),
        (13.2, 2.2),
        (13.5, 2.5),
    ]
    profile += [(13.5, 2.65), (13.3, 2.68), (12.9, 2.45), (11.6, 1.55), (10.6, 1.1), (8, 0.95), (0, 0.95)]
    put(turn(profile, wobble=0.003), stoneware(Glaze(code, rim=2.72, foot=0.35)), place)


def mug(code: str, place: Place) -> None:
    """A 30 cl mug whose base is left in raw clay."""
    material = stoneware(Glaze(code, rim=9.05, foot=1.9))
    profile: list[Point2] = [
        (0, 0.3),
        (3.0, 0.3),
        (3.2, 0),
        (3.5, 0),
        (3.9, 0.5),
        (4.05, 1.6),
        (4.1, 4),
        (4.1, 8.2),
        (4.08, 8.9),
    ]
    profile += [(4.0, 9.05), (3.86, 9.0), (3.76, 8.4), (3.72, 4), (3.6, 1.6), (3.0, 0.9), (0, 0.85)]
    put(turn(profile), material, place)
    path: list[Point3] = [
        (3.7, 0, 7.3),
        (4.9, 0, 7.7),
        (6.9, 0, 7.9),
        (7.2, 0, 5.2),
        (6.3, 0, 2.9),
        (4.8, 0, 2.6),
        (3.7, 0, 2.9),
    ]
    put(tube(path, [0.62, 0.6, 0.52, 0.5, 0.52, 0.6, 0.62]), material, place)


def teapot(code: str, place: Place) -> None:
    """A round one-litre pot, its lid held by a wooden knob."""
    material = stoneware(Glaze(code, rim=40.0, foot=0.5))
    body: list[Point2] = [
        (0, 0.4),
        (4.2, 0.4),
        (4.5, 0),
        (5.0, 0),
        (5.2, 0.5),
        (7.3, 2.6),
        (8.1, 5.6),
        (7.4, 8.6),
        (5.2, 10.6),
    ]
    body += [(4.3, 11.0), (4.1, 11.15), (3.95, 11.0), (3.95, 10.4)]
    put(turn(body), material, place)
    lid: list[Point2] = [(4.35, 11.0), (4.4, 11.2), (4.2, 11.4), (3.0, 12.0), (1.4, 12.4), (0, 12.45)]
    put(turn(lid), material, place)
    knob: list[Point2] = [(0, 12.3), (0.55, 12.35), (0.5, 12.9), (1.0, 13.4), (1.15, 13.9), (0.9, 14.35), (0, 14.5)]
    put(turn(knob), wood(BEECH), place)
    spout: list[Point3] = [(-6.6, 0, 4.0), (-8.6, 0, 4.6), (-10.4, 0, 6.6), (-11.0, 0, 9.0), (-12.6, 0, 10.6)]
    put(tube(spout, [2.1, 1.75, 1.2, 0.95, 0.85]), material, place)
    handle: list[Point3] = [
        (5.6, 0, 9.8),
        (7.6, 0, 11.6),
        (11.2, 0, 11.6),
        (12.6, 0, 7.4),
        (10.2, 0, 3.4),
        (7.2, 0, 3.2),
    ]
    put(tube(handle, [0.75, 0.7, 0.62, 0.6, 0.65, 0.8]), material, place)


def carafe(place: Place) -> None:
    """A litre carafe of thick glass, half full of water."""
    shell: list[Point2] = [
        (0, 0.3),
        (4.6, 0.25),
        (5.0, 0.0),
        (5.4, 0.3),
        (5.7, 2),
        (5.6, 7),
        (4.9, 12),
        (3.4, 16.6),
        (2.75, 19.5),
    ]
    shell += [
        (2.8, 22.5),
        (3.3, 25.6),
        (3.38, 25.85),
        (3.28, 25.95),
        (3.15, 25.8),
        (2.6, 22.5),
        (2.52, 19.5),
        (3.15, 16.7),
    ]
    shell += [(4.65, 12), (5.35, 7), (5.42, 2.2), (4.9, 1.5), (3, 1.3), (0, 1.25)]
    put(turn(shell), glass("#f4fbfa"), place)
    water: list[Point2] = [
        (0, 1.27),
        (3, 1.32),
        (4.9, 1.52),
        (5.41, 2.2),
        (5.34, 7),
        (4.72, 11.7),
        (4.66, 11.85),
        (4.3, 11.8),
        (0, 11.8),
    ]
    put(turn(water), glass("#f6fcff", index=1.33), place)


def tumbler(code: str, place: Place) -> None:
    """A straight 25 cl glass with a thick base."""
    profile: list[Point2] = [
        (0, 0.05),
        (3.0, 0.05),
        (3.3, 0.0),
        (3.55, 0.2),
        (3.65, 0.8),
        (3.8, 8.6),
        (3.82, 8.9),
        (3.74, 9.0),
    ]
    profile += [(3.64, 8.9), (3.6, 8.5), (3.44, 2.0), (3.2, 1.45), (2.4, 1.25), (0, 1.2)]
    put(turn(profile), glass(code), place)


def soap_dish(place: Place) -> None:
    """An oval dish with four ribs under the soap."""
    material = stoneware(Glaze(CREAM, rim=2.55, foot=0.3))
    profile: list[Point2] = [
        (0, 0.3),
        (3.8, 0.3),
        (4.1, 0),
        (4.5, 0),
        (5.0, 0.5),
        (6.2, 1.7),
        (6.5, 2.4),
        (6.45, 2.52),
        (6.25, 2.4),
    ]
    profile += [(5.8, 1.8), (4.8, 1.0), (3, 0.9), (0, 0.9)]
    put(turn(profile, squash=0.7), material, place)
    for step in range(4):
        x = -2.7 + 1.8 * step
        reach = 2.6 * math.sqrt(1 - (x / 5.6) ** 2)
        rib: list[Point3] = [(x, -reach, 0.95), (x, -reach * 0.5, 1.15), (x, reach * 0.5, 1.15), (x, reach, 0.95)]
        put(tube(rib, 0.32), material, place)


def soap(place: Place) -> None:
    """A bar of soap with soft edges."""
    put(slab((8.0, 5.2, 2.7), rounding=0.95), wax("#c9c48f"), place)
