"""The stage: a seamless backdrop, a window light from the left, a fill from the right, and one camera."""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
from mathutils import Vector
from PIL import Image, ImageFilter

from studio.materials import Recipe, colour
from studio.shapes import Point3, mesh

JPEG_QUALITY = 84
FULL_PERCENT = 100
LENS_MM = 80.0
SENSOR_MM = 36.0


@dataclass(frozen=True)
class View:
    """How the camera looks: from which side, from how high, how much of the frame is filled, lifted by how much."""

    side_deg: float = 0.0
    height_deg: float = 18.0
    fill: float = 0.66
    lift: float = 0.0
    shift: float = 0.0
    key: float = 1.0
    hung: bool = False


@dataclass(frozen=True)
class Print:
    """The finished picture: its size in pixels, the share of it that is traced before enlarging, paths for each."""

    width_px: int
    height_px: int
    traced_percent: int
    samples: int


def clear() -> None:
    """Empty the scene, so that each picture starts from nothing."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


def photograph(target: Path, backdrop: str, view: View, print_: Print) -> None:
    """Light what stands in the scene, frame it, render it and write a progressive JPEG."""
    subject = _outline()
    low = Vector([min(c[i] for c in subject) for i in range(3)])
    high = Vector([max(c[i] for c in subject) for i in range(3)])
    size = (high - low).length / 1.7
    centre = (low + high) / 2
    if view.hung:
        _paint(_wall(size, high.y), backdrop, size)
    else:
        _paint(_sweep(size, high.y + size * 1.5), backdrop, size)
    _light(size, Vector((centre.x, centre.y, low.z)), view)
    _frame(subject, view, print_)
    _render(target, print_)


def _outline() -> list[Vector]:
    """Enough points of what stands in the scene to know how large it appears."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    corners: list[Vector] = []
    for shape in bpy.context.scene.objects:
        if shape.type in {"MESH", "CURVE", "FONT"} and not shape.get("aside"):
            seen = shape.evaluated_get(graph)
            points = seen.to_mesh().vertices
            corners += [seen.matrix_world @ points[i].co for i in range(0, len(points), 1 + len(points) // 3000)]
            seen.to_mesh_clear()
    return corners


def _wall(size: float, wall_y: float) -> bpy.types.Object:
    reach = size * 40
    corners: list[Point3] = [(-reach, wall_y, -reach), (reach, wall_y, -reach), (reach, wall_y, reach)]
    return mesh("wall", [*corners, (-reach, wall_y, reach)], [(0, 1, 2, 3)])


def _sweep(size: float, wall_y: float) -> bpy.types.Object:
    """A floor that curves up into a wall, without a corner where shadows would gather."""
    bend = size * 1.2
    outline = [(-size * 30, 0.0), (wall_y - bend, 0.0)]
    for step in range(1, 25):
        angle = math.pi / 2 * step / 24
        outline.append((wall_y - bend + bend * math.sin(angle), bend - bend * math.cos(angle)))
    outline.append((wall_y, size * 30))
    vertices: list[Point3] = [(x * size * 40, y, z) for x in (-1, 1) for y, z in outline]
    count = len(outline)
    return mesh("sweep", vertices, [(i, i + count, i + count + 1, i + 1) for i in range(count - 1)])


def _paint(shape: bpy.types.Object, code: str, size: float) -> None:
    recipe = Recipe("backdrop").set(Roughness=0.95, Specular_IOR_Level=0.15)
    here = recipe.coordinates((1.0 / size, 1.0 / size, 1.0 / size))
    red, green, blue, _ = colour(code)
    darker = (red * 0.94, green * 0.94, blue * 0.94, 1.0)
    recipe.set(Base_Color=recipe.mix(recipe.ramp(recipe.noise(here, 1.3, detail=6), 0.3, 0.7), darker, colour(code)))
    shape.data.materials.append(recipe.material)


def _light(size: float, centre: Vector, view: View) -> None:
    key = view.key
    world = bpy.data.worlds.new("room")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = colour("#f3ece2")
    world.node_tree.nodes["Background"].inputs[1].default_value = 0.42
    bpy.context.scene.world = world
    _softbox((-3.2, -2.2 if view.hung else 0.3, 2.9), 1.7, 265 * key, "#ffeedb", size, centre)
    _softbox((3.6, -2.6, 2.0), 3.5, 42 * key, "#e6eefc", size, centre)
    _softbox((0.3, -1.2, 5.2), 3.0, 78 * key, "#fff8ef", size, centre)


def _softbox(at: Point3, width: float, power: float, code: str, size: float, centre: Vector) -> None:
    """A square light; place, width and power follow the size of the subject, so every product is lit alike."""
    data = bpy.data.lights.new("softbox", "AREA")
    data.size = width * size
    data.energy = power * size * size
    data.color = colour(code)[:3]
    lamp = bpy.data.objects.new("softbox", data)
    lamp.location = Vector(at) * size + centre
    lamp.rotation_euler = (centre + Vector((0, 0, size * 0.4)) - lamp.location).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(lamp)


def _frame(subject: Sequence[Vector], view: View, print_: Print) -> None:
    """Move the camera until the subject fills the wanted share of the picture, then centre it."""
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.clip_end = LENS_MM, SENSOR_MM, 10000.0
    camera = bpy.data.objects.new("camera", data)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    side, height = math.radians(view.side_deg), math.radians(view.height_deg)
    back = Vector((math.sin(side) * math.cos(height), -math.cos(side) * math.cos(height), math.sin(height)))
    camera.rotation_euler = (-back).to_track_quat("-Z", "Y").to_euler()
    turned = camera.rotation_euler.to_matrix()
    right, up = turned.col[0], turned.col[1]
    aim = sum(subject, Vector()) / len(subject)
    distance = 100.0
    reach = SENSOR_MM / LENS_MM
    tall = print_.height_px / print_.width_px
    for _ in range(12):
        eye = aim + back * distance
        seen = [
            ((c - eye).dot(right) / -(c - eye).dot(back), (c - eye).dot(up) / -(c - eye).dot(back)) for c in subject
        ]
        left, wide = min(s[0] for s in seen), max(s[0] for s in seen)
        low, top = min(s[1] for s in seen), max(s[1] for s in seen)
        aim += right * (left + wide) / 2 * distance + up * (low + top) / 2 * distance
        distance *= max((wide - left) / reach, (top - low) / (reach * tall)) / view.fill
    camera.location = aim + back * distance + (right * view.shift + up * view.lift) * distance * reach


def _render(target: Path, print_: Print) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = print_.samples
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.use_denoising = True
    scene.cycles.denoiser = "OPENIMAGEDENOISE"
    scene.cycles.max_bounces, scene.cycles.transmission_bounces = 10, 10
    scene.cycles.diffuse_bounces = 2
    scene.cycles.sample_clamp_indirect = 6.0
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.render.resolution_x, scene.render.resolution_y = print_.width_px, print_.height_px
    scene.render.resolution_percentage = print_.traced_percent
    scene.render.dither_intensity = 1.0
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.png"
        scene.render.filepath = str(raw)
        bpy.ops.render.render(write_still=True)
        with Image.open(raw) as image:
            full = image.convert("RGB").resize((print_.width_px, print_.height_px), Image.Resampling.LANCZOS)
            if print_.traced_percent < FULL_PERCENT:
                full = full.filter(ImageFilter.UnsharpMask(radius=1.4, percent=70, threshold=2))
            full.save(target, quality=JPEG_QUALITY, progressive=True, optimize=True)
