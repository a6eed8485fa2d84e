"""Fetching listed pictures: the database shows those that came and keeps listing the others."""

import asyncio
import io
from pathlib import Path

import psycopg
import pytest
from PIL import Image

from vivr.catalogue.fetch_images import fetch_images
from vivr.catalogue.public_fetch import FetchFailedError
from vivr.database import Database, refuse_inside_transaction

A, B, C, D = (f"https://images.example/{name}" for name in ("a.jpg", "b.jpg", "c.svg", "d.jpg"))


@pytest.fixture(autouse=True)
def _listed(database_url: str) -> None:  # pyright: ignore[reportUnusedFunction]
    with psycopg.connect(database_url) as connection:
        for handle, sources in {"bol": [A, B, C, "images/here.jpg"], "mug": [A, D]}.items():
            connection.execute(
                "INSERT INTO catalogue_entry VALUES (%s, 0, %s, '', '', '', '{}', '{}', true, now(), now())",
                (handle, handle),
            )
            for position, source in enumerate(sources, start=1):
                connection.execute(
                    "INSERT INTO catalogue_image VALUES (%s, %s, NULL, %s, '', NULL, NULL)", (handle, position, source)
                )


def picture(width: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, 20), "teal").save(out, "PNG")
    return out.getvalue()


def shown(url: str) -> list[tuple[str, str, int]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT handle, source, width FROM catalogue_image WHERE file IS NOT NULL ORDER BY handle, position"
        ).fetchall()


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def fetch(address: str) -> bytes:
    refuse_inside_transaction("the test's fetch")
    if address == B:
        raise FetchFailedError("fetch_status", "404")
    return {A: picture(30), C: b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>", D: b"no picture"}[
        address
    ]


async def test_each_address_is_fetched_once_and_shown_wherever_it_is_listed(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    steps: list[tuple[int, int]] = []
    report = await fetch_images(
        database, media=tmp_path, fetch=fetch, progress=lambda done, total: steps.append((done, total))
    )
    assert report.fetched == [A]
    assert [(source, finding.code) for source, finding in report.failed] == [
        (B, "fetch_status"),
        (C, "image_format_unsupported"),
        (D, "image_undecodable"),
    ]
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert shown(database_url) == [("bol", A, 30), ("mug", A, 30)]
    assert [file[24:] for file in files_in(tmp_path)] == [".png"]


async def test_second_run_goes_on_with_what_is_missing(database: Database, database_url: str, tmp_path: Path) -> None:
    await fetch_images(database, media=tmp_path, fetch=fetch)
    asked: list[str] = []

    async def later(address: str) -> bytes:
        asked.append(address)
        return picture(40)

    report = await fetch_images(database, media=tmp_path, fetch=later)
    assert (sorted(asked), report.fetched, report.failed) == ([B, C, D], [B, C, D], [])
    assert [width for _, _, width in shown(database_url)] == [30, 40, 40, 30, 40]


async def test_picture_that_somebody_else_recorded_meanwhile_stays(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async def slow(address: str) -> bytes:
        with psycopg.connect(database_url) as connection:
            connection.execute(
                "UPDATE catalogue_image SET file = 'theirs.jpg', width = 7, height = 7 WHERE source = %s", (address,)
            )
        await asyncio.sleep(0)
        return picture(50)

    await fetch_images(database, media=tmp_path, fetch=slow)
    assert {width for _, _, width in shown(database_url)} == {7}


async def test_nothing_listed_is_nothing_done(database: Database, database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM catalogue_image WHERE source LIKE 'https:%'")
    report = await fetch_images(database, media=tmp_path, fetch=fetch)
    assert (report.fetched, report.failed, files_in(tmp_path)) == ([], [], [])
