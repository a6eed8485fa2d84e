"""Things for the house: vases and plants, candles, lamps, the mirror and the clock."""

import math

import bpy

from studio.materials import (
    Glaze,
    Recipe,
    Weave,
    cloth,
    colour,
    fibre,
    glass,
    glow,
    lampshade,
    plain,
    raw_clay,
    stoneware,
    wax,
    wood,
)
from studio.shapes import HERE, Place, Point2, Point3, bend_text, put, set_aside, slab, surface, tube, turn
from studio.woodware import FLAT_BEECH, FLAT_OAK

CHALK = "#e9e2d6"
RED_CLAY = "#b5673f"
BRASS = "#b8934f"
FIR = "#27473a"


def vase(height: float, place: Place) -> None:
    """A bud vase in matt stoneware: a round belly and a narrow neck."""
    shape: list[Point2] = [
        (0, 0.0),
        (0.2, 0.0),
        (0.23, 0.015),
        (0.3, 0.13),
        (0.305, 0.25),
        (0.24, 0.42),
        (0.12, 0.6),
        (0.085, 0.75),
    ]
    shape += [(0.085, 0.9), (0.115, 0.985), (0.112, 1.0), (0.095, 0.99), (0.065, 0.9), (0.06, 0.7)]
    put(turn([(r * height, z * height) for r, z in shape]), raw_clay(CHALK), place)


def sprig(length: float, lean: float, place: Place) -> None:
    """A branch of eucalyptus: round leaves in pairs, smaller towards the tip."""
    stem: list[Point3] = [
        (lean * s * s * length, lean * 0.35 * s * length, s * length) for s in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    put(tube(stem, [0.2, 0.18, 0.15, 0.12, 0.06]), fibre("#8a7458"), place)
    leaf = _leaf_material("#7d9484", "#a9b9a6")
    pairs = 10
    for pair in range(pairs):
        share = 0.24 + 0.74 * pair / (pairs - 1)
        for side in (0, 180):
            size = 3.9 * (1.25 - 0.7 * share) * (length / 26.0) ** 0.5
            around = pair * 77.0 + side + 20 * math.sin(pair * 2.3)
            position = (lean * share * share * length, lean * 0.35 * share * length, share * length)
            blade = _blade(size, size * 0.86, curl=0.22)
            spot = tuple(position[i] + place.at[i] for i in range(3))
            put(blade, leaf, Place((spot[0], spot[1], spot[2]), (34.0, -30.0 - 25.0 * share, around)))


def _leaf_material(dark: str, pale: str) -> bpy.types.Material:
    recipe = Recipe("leaf")
    share = recipe.noise(recipe.coordinates((1.0, 1.0, 1.0)), 0.8, detail=4)
    recipe.set(Base_Color=recipe.mix(recipe.ramp(share, 0.3, 0.7), colour(dark), colour(pale)), Roughness=0.55)
    return recipe.set(Subsurface_Weight=0.12, Subsurface_Scale=0.4).material


def _blade(length: float, width: float, *, curl: float) -> bpy.types.Object:
    """A leaf along x: pointed at both ends, folded a little along its rib."""

    def position(u: float, v: float) -> Point3:
        half = width / 2 * math.sin(math.pi * min(max(u, 0.02), 0.98)) ** 0.75
        side = 2 * v - 1
        return (length * u, half * side, curl * half * side * side - curl * length * 0.5 * u * u)

    return surface(12, 6, position, thickness=0.05)


def snake_plant(radius: float, place: Place) -> None:
    """Upright blades growing from a pot of this radius."""
    recipe = Recipe("blade")
    bands = recipe.noise(recipe.coordinates((0.5, 0.5, 2.4)), 0.9, detail=3, distortion=0.8)
    recipe.set(
        Base_Color=recipe.mix(recipe.ramp(bands, 0.42, 0.6), colour("#35563c"), colour("#7f9a70")), Roughness=0.42
    )
    for step in range(9):
        angle = step * 2.4
        reach = radius * (0.1 + 0.055 * step)
        tall = 27.0 - 1.7 * step
        wide = 3.3 - 0.1 * step

        def position(u: float, v: float, *, tall: float = tall, wide: float = wide, step: int = step) -> Point3:
            half = wide / 2 * min(1.0, 3.2 * (1 - u) ** 0.8, 0.55 + 1.2 * u)
            side = 2 * v - 1
            bow = 0.9 * math.sin(u * 2.6 + step) + 0.10 * step * u * u * tall * 0.22
            return (bow - 0.35 * wide * side * side * 0.6, half * side, tall * u)

        x, y, z = place.at
        spot = (x + reach * math.cos(angle), y + reach * math.sin(angle), z)
        put(surface(30, 6, position, thickness=0.28), recipe.material, Place(spot, (0, 0, math.degrees(angle))))


def pot(radius: float, place: Place, *, filled: bool = False) -> None:
    """A thick terracotta pot with a collar."""
    r, h = radius, radius * 1.85
    profile: list[Point2] = [
        (0, 0),
        (r * 0.68, 0),
        (r * 0.72, 0.15),
        (r * 0.74, 0.5),
        (r * 0.92, h * 0.74),
        (r * 0.93, h * 0.755),
    ]
    profile += [
        (r * 1.0, h * 0.77),
        (r * 1.01, h * 0.8),
        (r * 1.03, h * 0.97),
        (r * 1.02, h),
        (r * 0.93, h),
        (r * 0.91, h * 0.97),
    ]
    profile += [(r * 0.86, h * 0.7), (r * 0.66, 1.0), (0, 0.9)]
    put(turn(profile, wobble=0.002), raw_clay(RED_CLAY), place)
    if filled:
        put(turn([(0, h * 0.88), (r * 0.5, h * 0.885), (r * 0.905, h * 0.87)]), raw_clay("#3d2c22"), place)


def candle(label: str, place: Place) -> None:
    """A lit candle in an amber glass, with its paper label."""
    jar: list[Point2] = [
        (0, 0.05),
        (3.4, 0.05),
        (3.8, 0.0),
        (4.05, 0.25),
        (4.1, 0.7),
        (4.1, 9.0),
        (4.08, 9.25),
        (3.98, 9.3),
        (3.88, 9.2),
    ]
    jar += [(3.85, 8.9), (3.85, 1.4), (3.6, 1.1), (0, 1.05)]
    put(turn(jar, wobble=0.0), glass("#d3a56f"), place)
    fill: list[Point2] = [(0, 1.08), (3.55, 1.12), (3.82, 1.45), (3.82, 7.5), (3.6, 7.42), (1.6, 7.15), (0, 7.1)]
    put(turn(fill, wobble=0.0), wax("#f3e6cb"), place)
    put(
        tube([(0, 0, 7.0), (0.03, 0, 7.6), (0.12, 0, 8.3), (0.1, 0, 8.7)], 0.09), plain("#2a2420", roughness=0.9), place
    )
    flame: list[Point2] = [(0, 8.35), (0.2, 8.5), (0.38, 8.95), (0.36, 9.5), (0.2, 10.3), (0.06, 11.0), (0, 11.2)]
    put(turn(flame, wobble=0.0), glow("#ffb35a", 9.0), place)
    _lamp_light((place.at[0], place.at[1], place.at[2] + 9.6), 130.0, 0.5)
    paper = plain("#f4efe4", roughness=0.85)

    def position(u: float, v: float) -> Point3:
        angle = (u - 0.5) * 1.5
        return (4.13 * math.sin(angle), -4.13 * math.cos(angle), 1.75 + 4.1 * v)

    put(surface(32, 4, position, thickness=0.03), paper, place)
    ink = plain("#3a322b", roughness=0.8)
    put(bend_text(label, 0.92, 4.16, 4.0), ink, place)
    put(bend_text("cire de colza", 0.48, 4.16, 3.15), ink, place)
    put(bend_text("180 g", 0.48, 4.16, 2.45), ink, place)


def _lamp_light(at: Point3, power: float, radius: float) -> None:
    data = bpy.data.lights.new("bulb", "POINT")
    data.energy = power
    data.shadow_soft_size = radius
    data.color = colour("#ffb46a")[:3]
    lamp = bpy.data.objects.new("bulb", data)
    lamp.location = at
    bpy.context.scene.collection.objects.link(lamp)


def candlestick(place: Place, *, taper: float = 0.0) -> None:
    """A turned brass candlestick, with a candle `taper` cm long."""
    profile: list[Point2] = [
        (0, 0),
        (4.2, 0.0),
        (4.5, 0.1),
        (4.55, 0.45),
        (4.3, 0.7),
        (2.2, 1.0),
        (1.1, 1.7),
        (0.85, 2.6),
        (1.35, 3.3),
    ]
    profile += [
        (1.4, 3.6),
        (0.85, 4.2),
        (0.8, 5.6),
        (1.1, 6.4),
        (2.3, 6.9),
        (2.4, 7.1),
        (2.2, 7.25),
        (1.45, 7.3),
        (1.4, 7.6),
        (1.42, 8.9),
    ]
    profile += [(1.3, 9.0), (1.16, 8.9), (1.14, 7.4), (0, 7.35)]
    put(turn(profile, wobble=0.0), plain(BRASS, roughness=0.2, metallic=1.0), place)
    if taper:
        top = 7.4 + taper
        stick: list[Point2] = [
            (0, 7.4),
            (1.1, 7.4),
            (1.1, 7.6),
            (1.02, top - 2),
            (0.95, top - 0.5),
            (0.7, top),
            (0.2, top + 0.25),
            (0, top + 0.25),
        ]
        put(turn(stick, wobble=0.0), wax("#f5eee0"), place)
        wick: list[Point3] = [(0, 0, top), (0, 0, top + 0.5), (0.1, 0, top + 0.9), (0.25, 0, top + 1.2)]
        put(tube(wick, 0.08), plain("#efe9dc", roughness=0.9), place)


def table_lamp(code: str, place: Place, *, power: float = 900.0, cord: bool = True) -> None:
    """A lit lamp, 42 cm high: a ceramic gourd, a brass neck and a linen shade."""
    base: list[Point2] = [
        (0, 0),
        (5.6, 0),
        (6.0, 0.2),
        (6.3, 0.9),
        (8.4, 5.0),
        (9.0, 9.0),
        (7.9, 13.6),
        (4.8, 17.4),
        (2.6, 19.4),
        (2.2, 20.6),
    ]
    base += [(2.3, 21.2), (1.8, 21.4), (0, 21.4)]
    put(turn(base), stoneware(Glaze(code, rim=60.0, foot=0.3, speckle=1.2)), place)
    neck: list[Point2] = [(0, 21.3), (1.2, 21.3), (1.25, 21.6), (0.8, 21.8), (0.8, 26.0), (0, 26.0)]
    put(turn(neck, wobble=0.0), plain(BRASS, roughness=0.25, metallic=1.0), place)
    x, y, z = place.at
    shade: list[Point2] = [
        (14.0, 0.0),
        (14.0, 0.3),
        (12.9, 6.0),
        (11.3, 17.5),
        (11.3, 17.8),
        (11.1, 17.8),
        (12.7, 6.0),
        (13.8, 0.0),
        (14.0, 0.0),
    ]
    put(turn(shade, wobble=0.0), lampshade("#eadbc0", height=17.8), Place((x, y, z + 24.2)))
    _lamp_light((x, y, z + 32.0), power, 3.0)
    if cord:
        _trail_cord(place)


def _trail_cord(place: Place) -> None:
    """Let the lamp's cord run over the floor and out of the picture."""
    cord: list[Point3] = [
        (5.0, 2.0, 0.5),
        (9.0, 4.0, 0.3),
        (14.0, 13.0, 0.3),
        (26.0, 12.0, 0.3),
        (40.0, 24.0, 0.3),
        (70.0, 40.0, 0.3),
    ]
    set_aside(put(tube(cord, 0.28), fibre("#a08463"), place))


def pendant(place: Place) -> None:
    """A spun steel dome, 32 cm across, lacquered outside and white inside, on its textile cable."""
    outer: list[Point2] = [
        (16.0, 0.0),
        (16.1, 0.3),
        (15.6, 3.4),
        (13.4, 8.6),
        (9.2, 12.4),
        (4.6, 14.0),
        (2.6, 14.4),
        (2.4, 15.0),
        (2.3, 17.6),
    ]
    outer += [(2.0, 18.0), (0, 18.1)]
    inner = [(max(r - 0.18, 0.0), z - 0.05) for r, z in outer[:7]] + [(0.0, 14.2)]
    put(turn([(15.82, 0.0), *outer], wobble=0.0), plain(FIR, roughness=0.3, coat=0.4), place)
    put(turn(inner, wobble=0.0), plain("#f4f0e8", roughness=0.5), place)
    bulb: list[Point2] = [(0, -0.6), (1.8, -0.3), (3.1, 1.2), (3.3, 2.8), (2.5, 5.2), (1.5, 7.6), (1.3, 13.6)]
    put(turn(bulb, wobble=0.0), glow("#ffdcae", 7.0), place)
    x, y, z = place.at
    _lamp_light((x, y, z - 2.5), 420.0, 2.5)
    cap: list[Point2] = [(0, 18.0), (1.1, 18.0), (1.15, 18.2), (1.1, 20.4), (0.5, 20.8), (0, 20.8)]
    put(turn(cap, wobble=0.0), plain(BRASS, roughness=0.25, metallic=1.0), place)
    cable: list[Point3] = [(0, 0, 20.5), (0, 0, 40.0), (0, 0, 70.0), (0, 0, 140.0)]
    set_aside(put(tube(cable, 0.32), cloth(Weave("#4a4a44", (8.0, 60.0))), place))


def clock() -> None:
    """A clock lying on its back: beech frame, white dial without numerals, ten past ten."""
    frame: list[Point2] = [
        (13.2, 0.0),
        (14.0, 0.0),
        (14.1, 0.2),
        (14.1, 3.4),
        (13.9, 3.75),
        (13.3, 3.8),
        (12.95, 3.6),
        (12.8, 2.2),
        (12.8, 1.0),
    ]
    put(turn(frame, wobble=0.0), wood(FLAT_BEECH))
    put(turn([(0, 1.4), (6, 1.4), (12.9, 1.4)], wobble=0.0), plain("#f1ece2", roughness=0.7))
    ink = plain("#2f2d2b", roughness=0.5)
    for mark in range(12):
        long = 1.5 if mark % 3 == 0 else 0.8
        angle = math.radians(mark * 30)
        spot = ((11.6 - long / 2) * math.sin(angle), (11.6 - long / 2) * math.cos(angle), 1.4)
        put(slab((0.26, long, 0.12), rounding=0.05), ink, Place(spot, (0, 0, -mark * 30.0)))
    for length, width, level, towards in ((6.6, 0.75, 1.9, 304.0), (10.2, 0.5, 2.15, 60.0)):
        angle = math.radians(towards)
        spot = ((length / 2 - 1.2) * math.sin(angle), (length / 2 - 1.2) * math.cos(angle), level)
        put(slab((width, length, 0.14), rounding=0.06), ink, Place(spot, (0, 0, -towards)))
    second: Place = Place((0.0, 0.0, 2.4), (0, 0, -200.0))
    put(slab((0.16, 12.0, 0.08), rounding=0.03), plain("#b4633f", roughness=0.5), second)
    put(turn([(0, 2.6), (0.55, 2.58), (0.62, 2.4), (0.6, 1.4)], wobble=0.0), plain(BRASS, roughness=0.25, metallic=1.0))


def mirror() -> None:
    """A round mirror lying on its back, facing a bright window on the other side of the room."""
    frame: list[Point2] = [
        (28.0, 0.0),
        (29.9, 0.0),
        (30.0, 0.2),
        (30.0, 2.6),
        (29.8, 2.95),
        (28.4, 3.0),
        (28.05, 2.8),
        (28.0, 1.5),
    ]
    put(turn(frame, wobble=0.0), wood(FLAT_OAK))
    put(turn([(0, 1.6), (14, 1.6), (28.1, 1.6)], wobble=0.0), plain("#f2f4f4", roughness=0.0, metallic=1.0))
    panes = glow("#fff9ee", 1.25)
    for column in range(2):
        for row in range(3):
            spot = (92.0 + 62.0 * column, 58.0 - 62.0 * row, 420.0)
            set_aside(put(slab((54.0, 54.0, 0.5), rounding=0.1), panes, Place(spot)))
    set_aside(put(slab((900.0, 700.0, 1.0), rounding=0.1), glow("#d2c3ae", 0.5), Place((0, 0, 430.0))))


def arranged_vase(height: float, place: Place = HERE) -> None:
    """A bud vase holding a branch of eucalyptus."""
    vase(height, place)
    x, y, z = place.at
    sprig(height * 1.25, 0.16, Place((x, y, z + height * 0.72)))
