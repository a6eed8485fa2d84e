"""Shapes that the products are made of: turned, bent, folded and stuffed. All lengths are centimetres."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import bpy
from mathutils import Matrix, Vector, noise

Point2 = tuple[float, float]
Point3 = tuple[float, float, float]

TURN_SEGMENTS = 64


@dataclass(frozen=True)
class Place:
    """Where a shape stands: its position in cm and its rotation in degrees about x, y and z."""

    at: Point3 = (0.0, 0.0, 0.0)
    turn_deg: Point3 = (0.0, 0.0, 0.0)


HERE = Place()


def put(shape: bpy.types.Object, material: bpy.types.Material, place: Place = HERE) -> bpy.types.Object:
    """Give a shape its material and stand it in the scene."""
    shape.data.materials.append(material)
    shape.location = place.at
    shape.rotation_euler = [math.radians(angle) for angle in place.turn_deg]
    return shape


def mesh(
    name: str, vertices: Sequence[Point3], faces: Sequence[Sequence[int]], *, subdivisions: int = 0
) -> bpy.types.Object:
    """Link a smooth-shaded mesh to the scene, subdivided at render time."""
    data = bpy.data.meshes.new(name)
    data.from_pydata(list(vertices), [], [list(face) for face in faces])
    data.shade_smooth()
    shape = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(shape)
    if subdivisions:
        modifier = shape.modifiers.new("subdivision", "SUBSURF")
        modifier.levels = modifier.render_levels = subdivisions
    return shape


def turn(profile: Sequence[Point2], *, wobble: float = 0.004, squash: float = 1.0) -> bpy.types.Object:
    """Turn a profile of (radius, height) points about the vertical axis.

    `wobble` is the relative irregularity of a hand-made piece; `squash` below 1 makes the plan oval.
    """
    vertices: list[Point3] = []
    for radius, height in profile:
        for step in range(TURN_SEGMENTS):
            angle = math.tau * step / TURN_SEGMENTS
            uneven = 1 + wobble * (math.sin(2 * angle + 0.7) + 0.6 * math.sin(3 * angle + height * 0.2))
            vertices.append((radius * uneven * math.cos(angle), squash * radius * uneven * math.sin(angle), height))
    faces = [
        (
            ring * TURN_SEGMENTS + step,
            ring * TURN_SEGMENTS + (step + 1) % TURN_SEGMENTS,
            (ring + 1) * TURN_SEGMENTS + (step + 1) % TURN_SEGMENTS,
            (ring + 1) * TURN_SEGMENTS + step,
        )
        for ring in range(len(profile) - 1)
        for step in range(TURN_SEGMENTS)
    ]
    return mesh("turned", vertices, faces, subdivisions=2)


def tube(path: Sequence[Point3], radii: Sequence[float] | float, *, closed: bool = False) -> bpy.types.Object:
    """Bend a rod through points that attract it; `radii` is one radius in cm, or one for each point."""
    data = bpy.data.curves.new("tube", "CURVE")
    data.dimensions = "3D"
    data.bevel_depth = 1.0
    data.bevel_resolution = 6
    data.resolution_u = 6 if closed else 16
    data.use_fill_caps = True
    spline = data.splines.new("NURBS")
    spline.points.add(len(path) - 1)
    spline.order_u = 4
    spline.use_endpoint_u = not closed
    spline.use_cyclic_u = closed
    sizes = [radii] * len(path) if isinstance(radii, float) else list(radii)
    for point, position, radius in zip(spline.points, path, sizes, strict=True):
        point.co = (*position, 1.0)
        point.radius = radius
    shape = bpy.data.objects.new("tube", data)
    bpy.context.scene.collection.objects.link(shape)
    return shape


def slab(size: Point3, *, rounding: float) -> bpy.types.Object:
    """Cut a block standing on the floor, its edges rounded by `rounding` cm."""
    x, y, z = size[0] / 2, size[1] / 2, size[2]
    corners = [(sx * x, sy * y, h) for h in (0.0, z) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    faces = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    shape = mesh("slab", corners, faces)
    bevel = shape.modifiers.new("rounding", "BEVEL")
    bevel.width = rounding
    bevel.segments = 6
    return shape


def outline_slab(outline: Sequence[Point2], thickness: float, *, rounding: float) -> bpy.types.Object:
    """Saw a board of any outline out of a plank, its edges softened."""
    data = bpy.data.curves.new("outline", "CURVE")
    data.dimensions = "2D"
    data.fill_mode = "BOTH"
    data.extrude = thickness / 2 - rounding
    data.bevel_depth = rounding
    data.bevel_resolution = 4
    data.resolution_u = 24
    _add_outline(data, outline)
    shape = bpy.data.objects.new("board", data)
    bpy.context.scene.collection.objects.link(shape)
    return shape


def pierce(board: bpy.types.Object, outline: Sequence[Point2]) -> None:
    """Cut a hole of this outline through a board."""
    _add_outline(board.data, outline)


def _add_outline(data: bpy.types.Curve, outline: Sequence[Point2]) -> None:
    spline = data.splines.new("POLY")
    spline.points.add(len(outline) - 1)
    for point, (x, y) in zip(spline.points, outline, strict=True):
        point.co = (x, y, 0.0, 1.0)
    spline.use_cyclic_u = True


def circle(radius: float, *, centre: Point2 = (0.0, 0.0), steps: int = 64) -> list[Point2]:
    """Points of a circle."""
    angles = [math.tau * step / steps for step in range(steps)]
    return [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles]


def round_rectangle(width: float, height: float, radius: float, *, steps: int = 12) -> list[Point2]:
    """Points of a rectangle with round corners, centred, counter-clockwise."""
    points: list[Point2] = []
    for quarter, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        for step in range(steps + 1):
            angle = math.pi / 2 * (quarter + step / steps)
            x = sx * (width / 2 - radius) + radius * math.cos(angle)
            y = sy * (height / 2 - radius) + radius * math.sin(angle)
            points.append((x, y))
    return points


def surface(
    columns: int, rows: int, position: Callable[[float, float], Point3], *, thickness: float = 0.0
) -> bpy.types.Object:
    """Map the unit square onto a sheet; with a thickness the sheet becomes cloth."""
    vertices = [position(u / columns, v / rows) for v in range(rows + 1) for u in range(columns + 1)]
    width = columns + 1
    faces = [
        (v * width + u, v * width + u + 1, (v + 1) * width + u + 1, (v + 1) * width + u)
        for v in range(rows)
        for u in range(columns)
    ]
    shape = mesh("sheet", vertices, faces)
    layer = shape.data.uv_layers.new(name="cloth")
    for loop in shape.data.loops:
        row, column = divmod(loop.vertex_index, width)
        layer.data[loop.index].uv = (column / columns, row / rows)
    if thickness:
        solid = shape.modifiers.new("thickness", "SOLIDIFY")
        solid.thickness = thickness
        solid.offset = 0.0
        solid.use_even_offset = True
    smooth = shape.modifiers.new("subdivision", "SUBSURF")
    smooth.levels = smooth.render_levels = 1
    return shape


def ripple(x: float, y: float, *, seed: float, grain: float) -> float:
    """Smooth irregularity between -1 and 1, the same at every run; `grain` is the size of a wave in cm."""
    return noise.noise(Vector((x / grain, y / grain, seed)))


def along(points: Sequence[Point2]) -> Callable[[float], Point2]:
    """Parametrise a polyline by its length: 0 is its first point, 1 its last."""
    lengths = [0.0]
    for (x0, y0), (x1, y1) in pairwise(points):
        lengths.append(lengths[-1] + math.hypot(x1 - x0, y1 - y0))

    def at(share: float) -> Point2:
        wanted = min(max(share, 0.0), 1.0) * lengths[-1]
        index = next((i for i in range(1, len(lengths)) if lengths[i] >= wanted), len(lengths) - 1)
        part = (wanted - lengths[index - 1]) / max(lengths[index] - lengths[index - 1], 1e-9)
        (x0, y0), (x1, y1) = points[index - 1], points[index]
        return (x0 + (x1 - x0) * part, y0 + (y1 - y0) * part)

    return at


def bend_text(words: str, height: float, radius: float, level: float) -> bpy.types.Object:
    """Print words, `height` cm tall, around the front of an upright cylinder at a level above the floor."""
    data = bpy.data.curves.new("words", "FONT")
    data.body = words
    data.size = height
    data.align_x = "CENTER"
    flat = bpy.data.objects.new("words", data)
    printed = bpy.data.meshes.new_from_object(flat)
    for vertex in printed.vertices:
        angle = vertex.co.x / radius
        vertex.co = (radius * math.sin(angle), -radius * math.cos(angle), level + vertex.co.y)
    shape = bpy.data.objects.new("words", printed)
    bpy.context.scene.collection.objects.link(shape)
    return shape


def hang() -> None:
    """Stand up everything that was built lying on its back, to face the camera as on a wall."""
    upright = Matrix.Rotation(math.radians(90), 4, "X")
    bpy.context.view_layer.update()
    for shape in bpy.context.scene.objects:
        shape.matrix_world = upright @ shape.matrix_world


def set_aside(shape: bpy.types.Object) -> bpy.types.Object:
    """Keep a shape in the picture without framing the picture on it."""
    shape["aside"] = True
    return shape
