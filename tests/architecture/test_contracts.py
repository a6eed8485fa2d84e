"""The import contracts in ``pyproject.toml`` hold, and each of them breaks where it should."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from architecture.source_tree import ROOT, SOURCE, Module, dotted, sample, shop
from vivr.crash_points import POINTS

_LINTER: Final = Path(sys.executable).with_name("lint-imports")

BREAKS: Final = {
    "vivr/money.py": "from vivr.orders.model import OrderState",
    "vivr/worker/run.py": "from vivr.web.app import build_app",
    "vivr/catalogue/reading.py": "import stripe",
    "vivr/translate.py": "import stripe_sandbox",
    "vivr/checkout/start_checkout.py": "from vivr.orders import store",
}
"""One wrong import for each kind of contract."""

BROKEN: Final = (
    "A room may use what stands below it: processes, wiring, use cases, foundation",
    "No two rooms depend on each other",
    "Only the gateway imports stripe",
    "The shop and the local Stripe stand apart",
    "The SQL of orders is called by orders alone",
)


def lint(folder: Path) -> tuple[int, str]:
    run = subprocess.run(
        [_LINTER, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def test_the_contracts_hold() -> None:
    status, said = lint(ROOT)
    assert status == 0, said
    assert "BROKEN" not in said


def test_each_kind_of_contract_breaks_where_it_should(tmp_path: Path) -> None:
    shutil.copytree(SOURCE, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, wrong in BREAKS.items():
        file = tmp_path / "src" / name
        file.write_text(f"{file.read_text('utf-8')}\n{wrong}\n", "utf-8")
    status, said = lint(tmp_path)
    assert status == 1
    assert [name for name in BROKEN if not re.search(rf"^{re.escape(name)} BROKEN", said, re.MULTILINE)] == []


def test_every_store_has_its_contract() -> None:
    contracts = (ROOT / "pyproject.toml").read_text("utf-8")
    stores = [module.name for module in shop() if module.name.endswith("store")]
    assert len(stores) > 10
    assert [name for name in stores if f'"{name}"' not in contracts] == []


def reached_points(module: Module) -> Iterator[str]:
    """The names of the crash points that a module reaches."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func) == "crash_point" and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def test_every_crash_point_is_reached_at_one_place() -> None:
    reached = [point for module in shop() for point in reached_points(module)]
    assert sorted(reached) == sorted(POINTS)


def test_a_crash_point_is_found() -> None:
    assert list(reached_points(sample("def pay():\n    crash_point('pay.before')"))) == ["pay.before"]
