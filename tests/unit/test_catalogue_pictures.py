"""Pictures: really decoded, limited, written anew without metadata, in three sizes; paths that stay in the folder."""

import asyncio
import io
from pathlib import Path

import pytest
from PIL import Image

from vivr.catalogue import pictures
from vivr.catalogue.images import check_images, copy_images
from vivr.catalogue.parsed import ParsedCatalogue
from vivr.catalogue.pictures import PictureRefusedError, check_picture, store_picture
from vivr.catalogue.shopify_export import parse_products

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30"/></svg>'


def picture(image_format: str = "JPEG", size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    out = io.BytesIO()
    mode = "RGBA" if image_format == "PNG" else "RGB"
    Image.new(mode, size, "teal").save(out, image_format, **options)
    return out.getvalue()


def opened(folder: Path, file: str) -> Image.Image:
    with Image.open(folder / file) as image:
        image.load()
        return image


@pytest.mark.parametrize(
    ("image_format", "suffix", "stored_as"),
    [
        ("JPEG", ".jpg", "JPEG"),
        ("PNG", ".png", "PNG"),
        ("WEBP", ".webp", "WEBP"),
        ("AVIF", ".avif", "AVIF"),
        ("GIF", ".png", "PNG"),
    ],
)
def test_picture_is_stored_under_a_name_made_from_its_content(
    tmp_path: Path, image_format: str, suffix: str, stored_as: str
) -> None:
    data = picture(image_format)
    stored = store_picture(data, "a", tmp_path, drawings=True)
    assert (stored.width, stored.height, stored.file[24:]) == (60, 40, suffix)
    assert stored == store_picture(data, "b", tmp_path, drawings=False) == check_picture(data, "c", drawings=True)
    assert [path.name for path in tmp_path.iterdir()] == [stored.file]
    image = opened(tmp_path, stored.file)
    assert (image.format, image.size) == (stored_as, (60, 40))


def test_wide_picture_gets_smaller_copies(tmp_path: Path) -> None:
    stored = store_picture(picture(size=(1000, 500)), "a", tmp_path, drawings=True)
    stem = stored.file.removesuffix(".jpg")
    assert {path.name for path in tmp_path.iterdir()} == {stored.file, f"{stem}-400.webp", f"{stem}-800.webp"}
    assert opened(tmp_path, f"{stem}-400.webp").size == (400, 200)
    assert opened(tmp_path, f"{stem}-800.webp").size == (800, 400)


def test_huge_picture_is_shrunk(tmp_path: Path) -> None:
    stored = store_picture(picture(size=(4000, 1000)), "a", tmp_path, drawings=True)
    assert (stored.width, stored.height) == (2000, 500) == opened(tmp_path, stored.file).size


def test_metadata_does_not_stay_and_the_camera_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a camera of somebody"
    stored = store_picture(picture(exif=exif, comment=b"a private note"), "a", tmp_path, drawings=True)
    assert (stored.width, stored.height) == (40, 60)
    content = (tmp_path / stored.file).read_bytes()
    assert b"somebody" not in content
    assert b"private" not in content
    image = opened(tmp_path, stored.file)
    assert (image.size, dict(image.getexif())) == ((40, 60), {})


def test_transparency_stays_in_the_smaller_copies(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (900, 900), (0, 0, 0, 0)).save(out, "PNG")
    stored = store_picture(out.getvalue(), "a", tmp_path, drawings=True)
    small = opened(tmp_path, stored.file.replace(".png", "-400.webp"))
    assert small.getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_unusual_colours_become_usual_ones(tmp_path: Path, mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (900, 600)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    stored = store_picture(out.getvalue(), "a", tmp_path, drawings=True)
    assert opened(tmp_path, stored.file).mode in {"L", "RGB", "RGBA"}
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image_undecodable"),
        (b"<html></html>", "image_undecodable"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "image_undecodable"),
        (picture()[:200], "image_undecodable"),
        (picture("BMP"), "image_undecodable"),
        (picture("TIFF"), "image_undecodable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "drawing_unsafe"),
        (b"<!DOCTYPE svg><svg xmlns='http://www.w3.org/2000/svg'/>", "drawing_unsafe"),
    ],
)
def test_what_does_not_decode_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises(PictureRefusedError) as refused:
        store_picture(data, "a.jpg", tmp_path, drawings=True)
    assert refused.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_too_many_bytes_or_pixels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PICTURE_PIXELS_MAX", 2399)
    with pytest.raises(PictureRefusedError, match="image_too_large"):
        check_picture(picture(), "a.jpg", drawings=True)
    monkeypatch.setattr(pictures, "PICTURE_BYTES_MAX", 100)
    with pytest.raises(PictureRefusedError, match="image_too_large"):
        check_picture(picture(), "a.jpg", drawings=True)
    with pytest.raises(PictureRefusedError, match="image_too_large"):
        check_picture(SVG + b" " * 1024 * 1024, "a.svg", drawings=True)


def test_drawing_is_taken_only_where_drawings_are(tmp_path: Path) -> None:
    stored = store_picture(SVG, "a.svg", tmp_path, drawings=True)
    assert (stored.width, stored.height, stored.file[24:]) == (40, 30, ".svg")
    with pytest.raises(PictureRefusedError) as refused:
        store_picture(SVG, "a.svg", tmp_path, drawings=False)
    assert refused.value.code == "image_format_unsupported"


def file_with(*sources: str) -> ParsedCatalogue:
    rows = "".join(
        f"bol,Bol,SKU,1.00,{source}\n" if not place else f"bol,,,,{source}\n" for place, source in enumerate(sources)
    )
    return parse_products(f"Handle,Title,SKU,Price,Image Src\n{rows}".encode(), currency="EUR")


def test_pictures_beside_the_file_are_checked_then_copied(tmp_path: Path) -> None:
    folder, media = tmp_path / "shop", tmp_path / "media"
    (folder / "images").mkdir(parents=True)
    (folder / "images/a.jpg").write_bytes(picture())
    (folder / "b c.svg").write_bytes(SVG)
    parsed = file_with("images/a.jpg", "b c.svg", "https://images.example/c.jpg", "./images/a.jpg")
    steps: list[tuple[int, int]] = []
    checked, problems = asyncio.run(check_images(parsed, folder, lambda done, total: steps.append((done, total))))
    assert (problems, sorted(checked)) == ([], ["./images/a.jpg", "b c.svg", "images/a.jpg"])
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert not media.exists()
    asyncio.run(copy_images(parsed, folder, media))
    assert {path.name for path in media.iterdir()} == {stored.file for stored in checked.values()}


def test_path_out_of_the_folder_is_refused_through_links_too(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(picture())
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "up").symlink_to(tmp_path)
    (folder / "circle.jpg").symlink_to(folder / "circle.jpg")
    (folder / "text.jpg").write_text("not a picture")
    (folder / "good.jpg").write_bytes(picture())
    (folder / "inside.jpg").symlink_to(folder / "good.jpg")
    parsed = file_with("link.jpg", "up/secret.jpg", "circle.jpg", "text.jpg", "up", "none.jpg", "inside.jpg")
    assert parsed.problems == []
    checked, problems = asyncio.run(check_images(parsed, folder))
    assert [(problem.line, problem.code) for problem in problems] == [
        (2, "image_outside_folder"),
        (3, "image_outside_folder"),
        (4, "image_not_found"),
        (5, "image_undecodable"),
        (6, "image_outside_folder"),
        (7, "image_not_found"),
    ]
    assert list(checked) == ["inside.jpg"]
