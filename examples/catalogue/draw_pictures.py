# /// script
# requires-python = "==3.11.*"
# dependencies = ["bpy==4.5.15", "pillow>=11"]
# ///
"""Renders every picture of the example catalogue into `images/`, with Blender as a Python module.

    python draw_pictures.py [--quick] [NAME ...]

Names are file names without `.jpg`; without a name, all pictures are rendered. `--quick` makes small drafts.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from studio import home, tableware, textiles, woodware
from studio.home import arranged_vase, candle, candlestick, pot, snake_plant, table_lamp
from studio.shapes import HERE, Place, hang
from studio.stage import Print, View, clear, photograph
from studio.tableware import CREAM, NIGHT, SAGE, TERRACOTTA, bowl, mug, plate, soap, soap_dish, teapot, tumbler
from studio.woodware import basket, board, mill, tray

IMAGES = Path(__file__).parent / "images"
SQUARE = Print(1200, 1200, 67, 9)
WIDE = Print(1600, 900, 75, 14)
DRAFT_SCALE = 3

LINEN = "#e3dacb"
CLAY = "#e2cfc0"
MIST = "#d6dcdc"
LICHEN = "#d5d8ca"
SAND = "#e6d9bf"


@dataclass(frozen=True)
class Picture:
    """One picture: the objects it shows, the colour behind them and the view."""

    build: Callable[[], None]
    backdrop: str
    view: View


def bowls() -> None:
    """Three bowls in a pile."""
    for code, level, turned in ((CREAM, 0.0, 0.0), (SAGE, 2.6, 40.0), (NIGHT, 5.2, 80.0)):
        bowl(code, Place((0.25 * (level - 2.6), 0.0, level), (0, 0, turned)))


def plates(code: str) -> None:
    """A plate standing behind a pile of three."""
    for step in range(3):
        plate(code, Place((0.2 * step, 0.1 * step, 1.75 * step), (0, 0, 50.0 * step)))


def tea_for_two() -> None:
    """The teapot with two mugs."""
    teapot(SAGE, Place((-3.0, 4.0, 0.0), (0, 0, -18)))
    mug(CREAM, Place((10.5, -6.5, 0.0), (0, 0, -35)))
    mug(CREAM, Place((-9.5, -9.5, 0.0), (0, 0, 205)))


def tumblers(code: str) -> None:
    """Four glasses."""
    for x, y in ((-4.6, 2.6), (4.4, 3.4), (-0.4, -4.6), (9.4, -3.6)):
        tumbler(code, Place((x, y, 0.0)))


def boards() -> None:
    """The small board lying across the large one."""
    board(45.0, 26.0, Place((0.0, 0.0, 1.0), (0, 0, 64)))
    board(35.0, 20.0, Place((3.5, -4.0, 3.02), (0, 0, 100)))


def breakfast() -> None:
    """The tray carrying a mug, a bowl and a little vase."""
    tray(HERE)
    mug(CREAM, Place((-6.5, -3.0, 0.87), (0, 0, 210)))
    arranged_vase(10.0, Place((3.0, 8.0, 0.87)))
    bowl(SAGE, Place((7.0, -3.8, 0.87)))


def pots() -> None:
    """Three pots, the largest planted."""
    pot(10.0, Place((-7.0, 6.0, 0.0)), filled=True)
    snake_plant(10.0, Place((-7.0, 6.0, 16.0)))
    pot(8.0, Place((12.5, 1.0, 0.0)))
    pot(6.0, Place((1.5, -11.0, 0.0)))


def candlesticks() -> None:
    """Two candlesticks, one with its candle."""
    candlestick(Place((-4.6, 1.5, 0.0)), taper=14.0)
    candlestick(Place((5.4, -2.0, 0.0)))


def washstand() -> None:
    """The soap dish and a bar of soap."""
    soap_dish(Place((0, 0, 0), (0, 0, 18)))
    soap(Place((0.1, 0.0, 1.42), (1.5, -2.0, 26)))


def cushion(code: str) -> None:
    """A cushion leaning back."""
    textiles.cushion(code, Place((0.0, 0.0, 20.5), (74.0, 0.0, 0.0)))


def hung(build: Callable[[], None]) -> Callable[[], None]:
    """Build something lying on its back, then hang it."""

    def built() -> None:
        build()
        hang()

    return built


def room() -> None:
    """The shop's own picture: a table laid with many of its things."""
    textiles.throw(textiles.OCHRE, Place((33.0, 0.0, 0.0), (0, 0, -16)))
    for code, level in ((CREAM, 10.0), (SAGE, 12.6), (NIGHT, 15.2)):
        bowl(code, Place((30.0, -1.0, level)))
    table_lamp(TERRACOTTA, Place((9.0, 19.0, 0.0)), power=700.0, cord=False)
    basket(Place((-33.0, 16.0, 0.0), (0, 0, 30)))
    arranged_vase(22.0, Place((-12.0, 17.0, 0.0)))
    board(40.0, 24.0, Place((-17.0, -6.0, 1.0), (0, 0, 78)))
    teapot(SAGE, Place((-17.0, -4.0, 2.0), (0, 0, -20)))
    mug(CREAM, Place((-36.0, -8.0, 0.0), (0, 0, 205)))
    mug(TERRACOTTA, Place((1.5, -13.0, 0.0), (0, 0, -30)))
    candlestick(Place((57.0, -15.0, 0.0)), taper=15.0)


PICTURES: dict[str, Picture] = {
    "bol-gres-bleu": Picture(lambda: bowl(NIGHT, HERE), LINEN, View(height_deg=26, fill=0.66)),
    "bol-gres-creme": Picture(lambda: bowl(CREAM, HERE), CLAY, View(height_deg=26, fill=0.66)),
    "bol-gres-sauge": Picture(lambda: bowl(SAGE, HERE), LICHEN, View(height_deg=26, fill=0.66)),
    "bol-gres-pile": Picture(bowls, LINEN, View(fill=0.56)),
    "assiette-gres-creme": Picture(lambda: plates(CREAM), CLAY, View(height_deg=30, fill=0.74)),
    "assiette-gres-bleu": Picture(lambda: plates(NIGHT), LINEN, View(height_deg=30, fill=0.74)),
    "mug-gres-creme": Picture(lambda: mug(CREAM, Place(turn_deg=(0, 0, -28))), CLAY, View(height_deg=20, fill=0.54)),
    "mug-gres-terracotta": Picture(
        lambda: mug(TERRACOTTA, Place(turn_deg=(0, 0, -28))), LINEN, View(height_deg=20, fill=0.54)
    ),
    "mug-gres-sauge": Picture(lambda: mug(SAGE, Place(turn_deg=(0, 0, -28))), LICHEN, View(height_deg=20, fill=0.54)),
    "theiere-gres": Picture(lambda: teapot(SAGE, Place(turn_deg=(0, 0, -18))), LINEN, View(height_deg=16, fill=0.7)),
    "theiere-gres-service": Picture(tea_for_two, LINEN, View(height_deg=24, fill=0.76)),
    "carafe-verre": Picture(lambda: tableware.carafe(HERE), MIST, View(height_deg=12, fill=0.68)),
    "verres-a-eau-transparent": Picture(lambda: tumblers("#f3faf9"), MIST, View(height_deg=22, fill=0.7)),
    "verres-a-eau-ambre": Picture(lambda: tumblers("#e2c399"), SAND, View(height_deg=22, fill=0.7)),
    "saladier-olivier": Picture(lambda: woodware.salad_bowl(HERE), LICHEN, View(height_deg=26, fill=0.7)),
    "planche-hetre": Picture(boards, MIST, View(height_deg=44, fill=0.82)),
    "plateau-frene": Picture(breakfast, CLAY, View(height_deg=28, fill=0.74)),
    "moulin-a-poivre-naturel": Picture(lambda: mill(woodware.BEECH, HERE), LICHEN, View(height_deg=10, fill=0.68)),
    "moulin-a-poivre-noir": Picture(lambda: mill(woodware.EBONY, HERE), SAND, View(height_deg=10, fill=0.68)),
    "torchon-lin-bleu": Picture(
        lambda: textiles.tea_towels("#3d5a86", Place(turn_deg=(0, 0, 24))), CLAY, View(height_deg=34, fill=0.76)
    ),
    "torchon-lin-rouge": Picture(
        lambda: textiles.tea_towels("#a8402f", Place(turn_deg=(0, 0, 24))), MIST, View(height_deg=34, fill=0.76)
    ),
    "vase-soliflore-petit": Picture(lambda: arranged_vase(14.0), CLAY, View(height_deg=12, fill=0.7)),
    "vase-soliflore-grand": Picture(lambda: arranged_vase(24.0), LICHEN, View(height_deg=10, fill=0.76)),
    "cache-pot-terre-cuite": Picture(pots, LICHEN, View(height_deg=17, fill=0.74)),
    "panier-osier": Picture(lambda: basket(Place(turn_deg=(0, 0, 24))), LINEN, View(height_deg=22, fill=0.62)),
    "bougie-cire-figuier": Picture(lambda: candle("Figuier", HERE), LICHEN, View(height_deg=14, fill=0.58, key=0.62)),
    "bougie-cire-cedre": Picture(lambda: candle("Cèdre", HERE), CLAY, View(height_deg=14, fill=0.58, key=0.62)),
    "bougie-cire-sans-parfum": Picture(
        lambda: candle("Sans parfum", HERE), MIST, View(height_deg=14, fill=0.58, key=0.62)
    ),
    "bougeoir-laiton": Picture(candlesticks, LICHEN, View(height_deg=14, fill=0.68)),
    "lampe-a-poser-terracotta": Picture(
        lambda: table_lamp(TERRACOTTA, HERE), SAND, View(height_deg=8, fill=0.7, key=0.55)
    ),
    "lampe-a-poser-creme": Picture(lambda: table_lamp(CREAM, HERE), CLAY, View(height_deg=8, fill=0.7, key=0.55)),
    "suspension-metal": Picture(
        lambda: home.pendant(Place((0, 0, 110))), SAND, View(height_deg=-13, fill=0.64, lift=0.05, key=0.95)
    ),
    "miroir-rond": Picture(hung(home.mirror), CLAY, View(side_deg=-14, height_deg=3, fill=0.68, hung=True)),
    "horloge-murale": Picture(hung(home.clock), LICHEN, View(side_deg=-10, height_deg=3, fill=0.64, hung=True)),
    "housse-coussin-lin-ocre": Picture(
        lambda: cushion(textiles.OCHRE), LINEN, View(side_deg=20, height_deg=12, fill=0.7)
    ),
    "housse-coussin-lin-naturel": Picture(
        lambda: cushion(textiles.NATURAL), LICHEN, View(side_deg=20, height_deg=12, fill=0.7)
    ),
    "housse-coussin-lin-bleu-gris": Picture(
        lambda: cushion(textiles.BLUE_GREY), CLAY, View(side_deg=20, height_deg=12, fill=0.7)
    ),
    "plaid-laine-gris": Picture(
        lambda: textiles.throw(textiles.GREY, Place(turn_deg=(0, 0, 26))), CLAY, View(height_deg=24, fill=0.78)
    ),
    "plaid-laine-ocre": Picture(
        lambda: textiles.throw(textiles.OCHRE, Place(turn_deg=(0, 0, 26))), MIST, View(height_deg=24, fill=0.78)
    ),
    "porte-savon-gres": Picture(washstand, MIST, View(height_deg=28, fill=0.66)),
    "tabouret-chene": Picture(lambda: woodware.stool(HERE), LINEN, View(height_deg=14, fill=0.7)),
    "hero": Picture(room, SAND, View(height_deg=13, fill=0.8)),
}


def main() -> None:
    """Render the pictures that were asked for."""
    parser = argparse.ArgumentParser(description="Render the example catalogue's pictures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a picture's file name without .jpg")
    parser.add_argument("--quick", action="store_true", help="small drafts")
    parser.add_argument("--into", type=Path, default=IMAGES, help="folder to write to")
    asked = parser.parse_args()
    asked.into.mkdir(parents=True, exist_ok=True)
    for name in asked.names or PICTURES:
        picture = PICTURES[name]
        print_ = WIDE if name == "hero" else SQUARE
        if asked.quick:
            print_ = Print(print_.width_px // DRAFT_SCALE, print_.height_px // DRAFT_SCALE, 100, 12)
        clear()
        picture.build()
        photograph(asked.into / f"{name}.jpg", picture.backdrop, picture.view, print_)
        sys.stderr.write(f"{name}\n")


if __name__ == "__main__":
    main()
