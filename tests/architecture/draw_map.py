"""Draw the parts of the documents that the source already knows, so that they can't rot.

``make map`` writes them between their markers; a test compares what stands there with what would be drawn.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

from vivr.errors import VivrError
from vivr.settings.reading import SPECIFICATIONS
from vivr.web.api.app import api_app
from vivr.webhooks.events import SUBSCRIBED

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src"

_TARGET: Final = re.compile(r"^([a-z]+):[^#\n]*## (.*)$", re.MULTILINE)


def drawn_parts() -> dict[str, dict[str, str]]:
    """Document -> name of the part -> its text, without the markers."""
    return {
        "ARCHITECTURE.md": {"rooms": draw_rooms()},
        "docs/map.md": {"map": draw_modules()},
        "README.md": {
            "routes": draw_routes(),
            "settings": draw_settings(),
            "events": draw_events(),
            "targets": draw_targets(),
        },
    }


def refreshed(document: str, parts: dict[str, str]) -> str:
    """A document with its drawn parts as they should be.

    Raises:
        ValueError: a marker is missing.
    """
    for name, text in parts.items():
        begin, end = f"<!-- {name}: drawn by `make map` -->\n", f"<!-- end of {name} -->"
        before, found, rest = document.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"no markers for {name}")
        document = f"{before}{begin}\n{text.strip()}\n\n{end}{after}"
    return document


def draw_rooms() -> str:
    """The rooms of the shop, the modules of its foundation, and the parts of the local Stripe."""
    parts = [("src/vivr", True, "room"), ("src/vivr", False, "module"), ("src/stripe_sandbox", True, "part")]
    return "\n\n".join(_table(folder, heading, packages=packages) for folder, packages, heading in parts)


def draw_modules() -> str:
    """Every module, room by room."""
    return "\n\n".join(f"## `{name}`\n\n" + "\n".join(rows) for name, rows in _tables())


def draw_routes() -> str:
    """The JSON routes, as the OpenAPI document has them."""
    paths = api_app({VivrError: _no_handler}).openapi()["paths"]
    rows = [
        f"| `{method.upper()} {path}` | {operation['summary']} |"
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]
    return "\n".join(["| route | what it does |", "|---|---|", *rows])


def _no_handler(_request: object, error: Exception) -> NoReturn:
    raise error


def draw_settings() -> str:
    """The settings without which nothing starts; all others have a page of their own."""
    required = [setting for _, setting in SPECIFICATIONS if setting.cure_if_missing is not None]
    rows = [f"| `{setting.name}` | {setting.meaning} | {setting.cure_if_missing} |" for setting in required]
    return "\n".join(["| required | what it means | where it comes from |", "|---|---|---|", *rows])


def draw_events() -> str:
    """The events that the webhook endpoint asks for."""
    return "\n".join(f"- `{event}`" for event in SUBSCRIBED)


def draw_targets() -> str:
    """What ``make`` can do."""
    targets = _TARGET.findall((ROOT / "Makefile").read_text("utf-8"))
    return "\n".join(
        ["| command | what it does |", "|---|---|", *(f"| `make {name}` | {text} |" for name, text in targets)]
    )


def first_line(path: Path) -> str:
    """What a module or package says of itself first, as prose of Markdown."""
    file = path / "__init__.py" if path.is_dir() else path
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0].replace("``", "`")


def _is_source(path: Path) -> bool:
    is_package = path.is_dir() and (path / "__init__.py").exists()
    return is_package or (path.suffix == ".py" and not path.name.startswith("__"))


def _table(folder: str, heading: str, *, packages: bool) -> str:
    places = [path for path in sorted((ROOT / folder).iterdir()) if _is_source(path) and path.is_dir() == packages]
    rows = [f"| `{path.name}{'/' if packages else ''}` | {first_line(path)} |" for path in places]
    return "\n".join([f"| {heading} of `{folder}` | what it decides or holds |", "|---|---|", *rows])


def _tables() -> Iterator[tuple[str, list[str]]]:
    packages = sorted(
        path.parent for package in ("vivr", "stripe_sandbox") for path in (SOURCE / package).rglob("__init__.py")
    )
    for package in packages:
        modules = [path for path in sorted(package.glob("*.py")) if _is_source(path)]
        rows = [f"- `{path.stem}`: {first_line(path)}" for path in modules]
        yield str(package.relative_to(SOURCE)), [first_line(package), "", *rows] if rows else [first_line(package)]


if __name__ == "__main__":
    for name, parts in drawn_parts().items():
        file = ROOT / name
        file.write_text(refreshed(file.read_text("utf-8"), parts), "utf-8")
        print(f"{name}: {', '.join(parts)}")  # noqa: T201 - a command for a terminal
