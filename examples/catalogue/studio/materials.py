"""Materials: glazed stoneware, raw clay, wood, cloth, glass, metal, wax. Colours are sRGB hex strings."""

from dataclasses import dataclass

import bpy

Colour = tuple[float, float, float, float]
Socket = bpy.types.NodeSocket

SRGB_LINEAR_END = 0.04045  # sRGB (IEC 61966-2-1) is linear up to here


def colour(code: str) -> Colour:
    """Turn an sRGB hex code such as `#2d3e5c` into the linear colour that the renderer works in."""
    values = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= SRGB_LINEAR_END else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return (red, green, blue, 1.0)


class Recipe:
    """A material being mixed: its surface shader, and the nodes that feed it."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.surface = self.tree.nodes["Principled BSDF"]

    def set(self, **inputs: float | Colour | Socket) -> "Recipe":
        """Set the surface's inputs; underscores stand for the spaces in their names."""
        for name, value in inputs.items():
            self._feed(self.surface.inputs[name.replace("_", " ")], value)
        return self

    def node(self, kind: str, inputs: dict[str | int, float | Colour | Socket], **settings: object) -> bpy.types.Node:
        """Add a node, fill its inputs and set its properties."""
        node = self.tree.nodes.new(f"ShaderNode{kind}")
        for name, value in settings.items():
            setattr(node, name, value)
        for key, value in inputs.items():
            self._feed(node.inputs[key], value)
        return node

    def _feed(self, socket: Socket, value: float | tuple[float, ...] | Socket) -> None:
        if isinstance(value, Socket):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value

    def coordinates(self, scale: tuple[float, float, float], *, uv: bool = False) -> Socket:
        """Positions on the object in cm (or on its cloth, 0 to 1), multiplied by `scale`."""
        source = self.node("TexCoord", {}).outputs["UV" if uv else "Object"]
        return self.node("Mapping", {"Vector": source, "Scale": scale}).outputs[0]

    def noise(self, vector: Socket, scale: float, *, detail: float = 3.0, distortion: float = 0.0) -> Socket:
        """Cloudy values about 0.5."""
        inputs: dict[str | int, float | Colour | Socket]
        inputs = {"Vector": vector, "Scale": scale, "Detail": detail, "Distortion": distortion}
        return self.node("TexNoise", inputs).outputs["Fac"]

    def ramp(self, value: Socket, low: float, high: float) -> Socket:
        """Stretch the values between low and high to 0..1, smoothly, and cut the rest."""
        inputs: dict[str | int, float | Colour | Socket]
        inputs = {"Value": value, "From Min": low, "From Max": high}
        return self.node("MapRange", inputs, interpolation_type="SMOOTHSTEP").outputs[0]

    def mix(self, share: Socket | float, first: Colour | Socket, second: Colour | Socket) -> Socket:
        """Blend two colours."""
        inputs: dict[str | int, float | Colour | Socket] = {0: share, 6: first, 7: second}
        return self.node("Mix", inputs, data_type="RGBA").outputs[2]

    def math(self, operation: str, first: Socket | float, second: Socket | float) -> Socket:
        """Combine two numbers."""
        return self.node("Math", {0: first, 1: second}, operation=operation).outputs[0]

    def bump(self, height: Socket, *, strength: float, depth: float) -> "Recipe":
        """Raise the surface by up to `depth` cm."""
        bump = self.node("Bump", {"Height": height, "Strength": strength, "Distance": depth})
        return self.set(Normal=bump.outputs[0])


@dataclass(frozen=True)
class Glaze:
    """A stoneware glaze: its colour, and the height in cm at which raw clay shows at the rim and at the foot."""

    code: str
    rim: float
    foot: float
    speckle: float = 1.0


CLAY = "#a9825f"
IRON = "#4a3426"


def stoneware(glaze: Glaze) -> bpy.types.Material:
    """Satin glaze over speckled clay, worn brown at the rim and left off the foot."""
    recipe = Recipe("stoneware")
    here = recipe.coordinates((1.0, 1.0, 1.0))
    height = recipe.node("SeparateXYZ", {0: here}).outputs[2]
    cloud = recipe.noise(here, 0.45, detail=4)
    uneven = recipe.math("ADD", height, recipe.math("MULTIPLY", recipe.math("SUBTRACT", cloud, 0.5), 0.5))
    tone = recipe.mix(recipe.ramp(cloud, 0.3, 0.75), _shade(glaze.code, 0.86), _shade(glaze.code, 1.08))
    dots = recipe.node("TexVoronoi", {"Vector": here, "Scale": 3.2, "Randomness": 1.0}).outputs["Distance"]
    size = recipe.math("MULTIPLY", recipe.ramp(recipe.noise(here, 1.9), 0.42, 0.72), 0.26)
    specks = recipe.math("LESS_THAN", dots, size)
    faint = recipe.math("MULTIPLY", specks, 0.62 * glaze.speckle)
    coat = recipe.mix(faint, tone, colour(IRON))
    rim = recipe.ramp(uneven, glaze.rim - 0.32, glaze.rim - 0.02)
    worn = recipe.mix(recipe.math("MULTIPLY", rim, 0.75), coat, colour("#7a5234"))
    bare = recipe.ramp(recipe.math("SUBTRACT", glaze.foot, height), -0.02, 0.05)
    grain = recipe.noise(here, 7.0, detail=6)
    raw = recipe.mix(grain, _shade(CLAY, 0.8), _shade(CLAY, 1.2))
    recipe.set(Base_Color=recipe.mix(bare, worn, raw), Roughness=_between(recipe, bare, 0.34, 0.85))
    recipe.set(Coat_Weight=_between(recipe, bare, 0.25, 0.0), Coat_Roughness=0.25)
    return recipe.bump(recipe.noise(here, 1.6, detail=5), strength=0.25, depth=0.08).material


def _shade(code: str, factor: float) -> Colour:
    red, green, blue, _ = colour(code)
    return (min(red * factor, 1.0), min(green * factor, 1.0), min(blue * factor, 1.0), 1.0)


def _between(recipe: Recipe, share: Socket, low: float, high: float) -> Socket:
    return recipe.node("MapRange", {"Value": share, "To Min": low, "To Max": high}).outputs[0]


def raw_clay(code: str) -> bpy.types.Material:
    """Unglazed clay or plaster: dull, with a fine grain and paler clouds."""
    recipe = Recipe("clay")
    here = recipe.coordinates((1.0, 1.0, 1.0))
    cloud = recipe.ramp(recipe.noise(here, 0.22, detail=5), 0.35, 0.7)
    recipe.set(Base_Color=recipe.mix(cloud, _shade(code, 0.82), _shade(code, 1.16)), Roughness=0.88)
    rings = recipe.noise(recipe.coordinates((0.15, 0.15, 4.0)), 1.0, detail=2)
    grain = recipe.math("ADD", recipe.noise(here, 9.0, detail=4), recipe.math("MULTIPLY", rings, 1.2))
    return recipe.bump(grain, strength=0.3, depth=0.05).material


@dataclass(frozen=True)
class Timber:
    """A wood: its pale and dark tones, how marked the figure is, and the axis along which it grew."""

    pale: str
    dark: str
    figure: float = 1.0
    axis: int = 0
    contrast: float = 0.5


def wood(timber: Timber) -> bpy.types.Material:
    """Oiled wood: growth rings stretched along the grain, streaked by fine pores."""
    recipe = Recipe("wood")
    stretch = [1.0, 1.0, 1.0]
    stretch[timber.axis] = 0.09
    long = recipe.coordinates((stretch[0], stretch[1], stretch[2]))
    pores = [6.0, 6.0, 6.0]
    pores[timber.axis] = 0.22
    fine = recipe.noise(recipe.coordinates((pores[0], pores[1], pores[2])), 1.0, detail=3)
    swirl = recipe.noise(long, 0.55 * timber.figure, detail=2, distortion=0.6 * timber.figure)
    bands = recipe.math("PINGPONG", recipe.math("MULTIPLY", swirl, 9.0), 1.0)
    figure = recipe.math("MULTIPLY", recipe.ramp(bands, 0.2, 1.0), timber.contrast)
    share = recipe.math("ADD", figure, recipe.math("MULTIPLY", recipe.ramp(fine, 0.42, 0.75), 0.45))
    recipe.set(Base_Color=recipe.mix(share, colour(timber.pale), colour(timber.dark)), Roughness=0.48)
    recipe.set(Coat_Weight=0.12, Coat_Roughness=0.35)
    return recipe.bump(fine, strength=0.12, depth=0.03).material


@dataclass(frozen=True)
class Weave:
    """A cloth: its colour, threads over the whole sheet each way, its stripes if any, and whether it is twill."""

    code: str
    threads: tuple[float, float]
    stripe: str = ""
    stripes: tuple[tuple[float, float], ...] = ()
    twill: bool = False
    fuzz: float = 0.25


def cloth(weave: Weave) -> bpy.types.Material:
    """Woven linen or wool: threads of uneven thickness crossing, with a soft sheen."""
    recipe = Recipe("cloth")
    sheet = recipe.coordinates((1.0, 1.0, 1.0), uv=True)
    parts = recipe.node("SeparateXYZ", {0: sheet}).outputs
    warp, weft = (_threads(recipe, parts[i], weave.threads[i]) for i in (0, 1))
    if weave.twill:
        slant = recipe.math(
            "ADD",
            recipe.math("MULTIPLY", parts[0], weave.threads[0]),
            recipe.math("MULTIPLY", parts[1], weave.threads[1]),
        )
        warp = recipe.math("PINGPONG", slant, 1.0)
    slub_u = recipe.noise(recipe.coordinates((weave.threads[0] * 0.9, 5.0, 1.0), uv=True), 1.0)
    slub_v = recipe.noise(recipe.coordinates((5.0, weave.threads[1] * 0.9, 1.0), uv=True), 1.0)
    slub = recipe.math("ADD", slub_u, slub_v)
    height = recipe.math("ADD", recipe.math("ADD", warp, weft), recipe.math("MULTIPLY", slub, 0.8))
    base: Colour | Socket = recipe.mix(recipe.ramp(slub, 0.7, 1.3), _shade(weave.code, 0.78), _shade(weave.code, 1.16))
    for start, end in weave.stripes:
        inside = recipe.math(
            "MULTIPLY", recipe.math("GREATER_THAN", parts[1], start), recipe.math("LESS_THAN", parts[1], end)
        )
        dyed = recipe.mix(recipe.ramp(slub, 0.7, 1.3), _shade(weave.stripe, 0.8), _shade(weave.stripe, 1.15))
        base = recipe.mix(inside, base, dyed)
    recipe.set(Base_Color=base, Roughness=0.95, Sheen_Weight=weave.fuzz, Sheen_Roughness=0.5)
    return recipe.bump(height, strength=0.5, depth=0.06).material


def _threads(recipe: Recipe, position: Socket, count: float) -> Socket:
    return recipe.math("PINGPONG", recipe.math("MULTIPLY", position, count * 2), 1.0)


def fibre(code: str) -> bpy.types.Material:
    """Cord, willow or wool strand: dull, its tone changing from strand to strand."""
    recipe = Recipe("fibre")
    here = recipe.coordinates((1.0, 1.0, 1.0))
    chance = recipe.node("ObjectInfo", {}).outputs["Random"]
    cloud = recipe.math("ADD", recipe.math("MULTIPLY", recipe.noise(here, 0.9, detail=4), 0.8), chance)
    recipe.set(Base_Color=recipe.mix(recipe.ramp(cloud, 0.2, 1.5), _shade(code, 0.62), _shade(code, 1.25)))
    return recipe.set(Roughness=0.62).bump(recipe.noise(here, 6.0), strength=0.3, depth=0.05).material


def plain(code: str, *, roughness: float, metallic: float = 0.0, coat: float = 0.0) -> bpy.types.Material:
    """Lacquer, enamel, paper or metal: one even colour."""
    recipe = Recipe("plain")
    recipe.set(Base_Color=colour(code), Roughness=roughness, Metallic=metallic)
    return recipe.set(Coat_Weight=coat, Coat_Roughness=0.15).material


def wax(code: str) -> bpy.types.Material:
    """Wax or soap: light enters it and softens its edges."""
    recipe = Recipe("wax").set(Base_Color=colour(code), Roughness=0.42, Subsurface_Weight=0.7, Subsurface_Scale=1.0)
    recipe.surface.inputs["Subsurface Radius"].default_value = (1.0, 0.7, 0.45)
    return recipe.material


def glass(code: str, *, index: float = 1.46) -> bpy.types.Material:
    """Blown glass or water, whose shadow lets light through instead of turning black."""
    recipe = Recipe("glass")
    recipe.set(Base_Color=colour(code), Roughness=0.02, IOR=index, Transmission_Weight=1.0)
    shadow = recipe.node("LightPath", {}).outputs["Is Shadow Ray"]
    clear = recipe.node("BsdfTransparent", {"Color": _shade(code, 0.93)}).outputs[0]
    joined = recipe.node("MixShader", {0: shadow, 1: recipe.surface.outputs[0], 2: clear}).outputs[0]
    recipe.tree.links.new(joined, recipe.tree.nodes["Material Output"].inputs["Surface"])
    return recipe.material


def lampshade(code: str, *, height: float) -> bpy.types.Material:
    """Linen lit from inside: the cloth glows, most in the middle of its height."""
    recipe = Recipe("lampshade")
    here = recipe.coordinates((1.0, 1.0, 1.0))
    level = recipe.node("SeparateXYZ", {0: here}).outputs[2]
    middle = recipe.math("MULTIPLY", recipe.math("PINGPONG", level, height / 2), 2 / height)
    threads = recipe.noise(recipe.coordinates((2.0, 2.0, 14.0)), 1.0, detail=2)
    glow = recipe.math("MULTIPLY", recipe.ramp(middle, -0.5, 1.0), recipe.math("ADD", threads, 0.55))
    recipe.set(Base_Color=colour(code), Roughness=0.9, Emission_Color=colour("#ffbd78"))
    recipe.set(Emission_Strength=recipe.math("MULTIPLY", glow, 0.8))
    return recipe.bump(threads, strength=0.3, depth=0.06).material


def glow(code: str, strength: float) -> bpy.types.Material:
    """A flame or a bulb."""
    return Recipe("glow").set(Emission_Color=colour(code), Emission_Strength=strength).material
