"""Turned, sawn and woven wood: salad bowl, boards, tray, mills, stool, basket."""

import math

from studio.materials import Timber, fibre, plain, wood
from studio.shapes import (
    Place,
    Point2,
    Point3,
    circle,
    outline_slab,
    pierce,
    put,
    round_rectangle,
    tube,
    turn,
)

BEECH = Timber("#dcb78c", "#bb8a58", 0.7, axis=2, contrast=0.3)
FLAT_BEECH = Timber("#dcb78c", "#b98654", 0.5, axis=1, contrast=0.36)
ASH = Timber("#e3cfab", "#bf9c6d", 0.4, axis=0, contrast=0.5)
OAK = Timber("#cba374", "#8f6539", 0.6, axis=2, contrast=0.5)
FLAT_OAK = Timber("#cba374", "#8f6539", 0.5, axis=0, contrast=0.55)
OLIVE = Timber("#c99a5f", "#6d4424", 0.42, axis=0, contrast=0.62)
EBONY = Timber("#35302d", "#1b1817", 0.7, axis=2)


def salad_bowl(place: Place) -> None:
    """A wide bowl, 28 cm across, turned from one piece of olive."""
    profile: list[Point2] = [
        (0, 0.0),
        (5.2, 0.0),
        (5.6, 0.05),
        (9.0, 1.6),
        (12.4, 5.0),
        (13.9, 9.6),
        (14.0, 10.6),
        (13.9, 10.95),
    ]
    profile += [(13.5, 11.0), (13.1, 10.7), (12.9, 9.6), (11.4, 5.6), (8.2, 2.6), (4.5, 1.5), (0, 1.35)]
    put(turn(profile, wobble=0.008), wood(OLIVE), place)


def board(length: float, width: float, place: Place) -> None:
    """A beech board 2 cm thick whose handle is pierced."""
    body, neck, handle = width / 2, width * 0.16, length * 0.24
    low, high = -length / 2, length / 2 - handle
    outline: list[Point2] = [p for p in round_rectangle(width, high - low, width * 0.14) if p[1] < 0]
    outline = [(x, y + (high + low) / 2) for x, y in outline]
    shoulder = width * 0.2
    right = [_arc(step / 10, body, high, shoulder, neck) for step in range(11)]
    top = [
        (neck * math.cos(math.pi * s / 16), length / 2 - neck + neck * math.sin(math.pi * s / 16)) for s in range(17)
    ]
    left = [(-x, y) for x, y in reversed(right)]
    shape = outline_slab([*outline, *right, *top, *left], 2.0, rounding=0.28)
    pierce(shape, circle(width * 0.055, centre=(0.0, length / 2 - neck * 1.15), steps=32))
    put(shape, wood(FLAT_BEECH), place)


def _arc(share: float, body: float, high: float, shoulder: float, neck: float) -> Point2:
    """From the board's side to its handle: round the shoulder, then sweep inward."""
    ease = (1 - math.cos(math.pi * share)) / 2
    return (body + (neck - body) * ease, high - shoulder + (shoulder * 1.9) * share)


def tray(place: Place) -> None:
    """A round ash tray, 36 cm across, with a bent rim."""
    profile: list[Point2] = [
        (0, 0.0),
        (16.8, 0.0),
        (17.6, 0.1),
        (17.9, 0.5),
        (18.0, 1.2),
        (18.0, 2.9),
        (17.95, 3.05),
        (17.6, 3.08),
    ]
    profile += [(17.45, 3.0), (17.4, 2.6), (17.38, 1.2), (17.3, 0.95), (16.9, 0.86), (8, 0.85), (0, 0.85)]
    put(turn(profile, wobble=0.001), wood(ASH), place)


def mill(timber: Timber, place: Place) -> None:
    """A pepper mill, 18 cm high, with a steel screw on top."""
    body: list[Point2] = [
        (0, 0),
        (2.6, 0.0),
        (2.85, 0.1),
        (2.9, 0.6),
        (2.7, 1.6),
        (2.1, 4.4),
        (1.95, 7.0),
        (2.25, 9.8),
        (2.6, 11.2),
    ]
    body += [(2.65, 11.7), (2.5, 11.9), (0, 11.9)]
    head: list[Point2] = [
        (0, 12.0),
        (2.4, 12.0),
        (2.6, 12.15),
        (2.65, 12.6),
        (2.3, 13.4),
        (2.25, 14.0),
        (2.65, 15.2),
        (2.4, 16.5),
    ]
    head += [(1.3, 17.1), (0, 17.15)]
    put(turn(body, wobble=0.0), wood(timber), place)
    put(turn(head, wobble=0.0), wood(timber), place)
    screw: list[Point2] = [(0, 17.1), (0.5, 17.1), (0.5, 17.3), (0.75, 17.5), (0.8, 17.9), (0.55, 18.2), (0, 18.25)]
    put(turn(screw, wobble=0.0), plain("#cfcdc8", roughness=0.25, metallic=1.0), place)


def stool(place: Place) -> None:
    """A three-legged oak stool, 45 cm high, its seat dished."""
    seat: list[Point2] = [
        (0, 41.4),
        (13.6, 41.4),
        (15.2, 41.8),
        (15.9, 42.9),
        (16.0, 44.0),
        (15.7, 44.8),
        (15.0, 45.0),
        (13.6, 44.8),
    ]
    seat += [(8.0, 44.1), (0, 43.9)]
    put(turn(seat, wobble=0.001), wood(FLAT_OAK), place)
    for step in range(3):
        angle = math.tau * step / 3 + 1.15
        x, y = math.cos(angle), math.sin(angle)
        leg: list[Point3] = [
            (x * 15.5, y * 15.5, 0.0),
            (x * 13.4, y * 13.4, 14.0),
            (x * 11.3, y * 11.3, 28.0),
            (x * 9.3, y * 9.3, 42.0),
        ]
        put(tube(leg, [1.25, 1.6, 1.85, 1.7]), wood(OAK), place)


def basket(place: Place) -> None:
    """A round willow basket, 30 cm across, woven over double stakes, with two handles."""
    stakes, rows, height = 28, 26, 22.0
    willow = fibre("#c39a63")
    for row in range(rows):
        level = 0.7 + height * row / rows
        ring: list[Point3] = []
        for step in range(stakes * 2):
            angle = math.tau * step / (stakes * 2)
            reach = _belly(level) + 0.38 * math.cos(math.pi * (step / 2 + row))
            ring.append((reach * math.cos(angle), reach * math.sin(angle), level + 0.12 * math.sin(5 * angle + row)))
        put(tube(ring, 0.46, closed=True), willow, place)
    for step in range(stakes):
        angle = math.tau * step / stakes
        levels = (0.2, 5.0, 10.0, 16.0, height + 0.6)
        stake: list[Point3] = [(_belly(z) * math.cos(angle), _belly(z) * math.sin(angle), z) for z in levels]
        put(tube(stake, 0.34), willow, place)
    for phase in (0.0, math.pi):
        braid: list[Point3] = []
        for step in range(stakes * 3):
            angle = math.tau * step / (stakes * 3)
            twist = angle * stakes * 0.75 + phase
            reach = _belly(height) + 0.55 * math.cos(twist)
            braid.append((reach * math.cos(angle), reach * math.sin(angle), height + 1.0 + 0.55 * math.sin(twist)))
        put(tube(braid, 0.62, closed=True), willow, place)
    for side in (-1, 1):
        _handle(side, height, place)
    put(turn([(0, 0.3), (12.4, 0.3), (12.6, 0.6), (12.4, 0.9), (0, 0.9)]), willow, place)


def _belly(level: float) -> float:
    """Radius of the basket at a level: it swells, then closes a little."""
    return 12.6 + 2.9 * math.sin(min(level / 24.0, 1.0) * math.pi * 0.72)


def _handle(side: int, height: float, place: Place) -> None:
    """Two rods twisted into an arch over the rim."""
    for phase in (0.0, math.pi):
        arch: list[Point3] = []
        for step in range(25):
            share = step / 24
            angle = math.pi * share
            lift = 5.2 * math.sin(angle) ** 0.8 if 0 < share < 1 else -2.0
            twist = share * math.tau * 3 + phase
            across = 5.4 * math.cos(angle)
            out = side * (math.sqrt(max(_belly(height) ** 2 - across**2, 1.0)) + 0.35 * math.cos(twist) + 0.5)
            arch.append((out, across, height + 0.6 + lift + 0.35 * math.sin(twist)))
        put(tube(arch, 0.46), fibre("#b98f59"), place)
