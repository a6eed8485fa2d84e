"""Rule 1: ``model.py`` is pure: no async, no I/O, no clock, no randomness, no ``Any``. Time comes in as an argument."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from architecture.source_tree import Module, dotted, imports, module_names, sample, shop, violations

PURE_BESIDES_MODELS: Final = {"vivr.money", "vivr.currencies", "vivr.errors", "vivr.constraints", "vivr.caller"}
"""Modules of the foundation that are held to the same."""

PURE_STANDARD: Final = {
    *("abc", "base64", "binascii", "collections", "collections.abc", "dataclasses", "datetime", "decimal", "enum"),
    *("functools", "hashlib", "hmac", "html", "itertools", "json", "math", "operator", "re", "string", "types"),
    *("typing", "unicodedata", "urllib.parse"),
}
PURE_LIBRARIES: Final = {"babel.numbers", "idna", "msgspec", "nh3"}
PURE_OF_OURS: Final = {
    *PURE_BESIDES_MODELS,
    "vivr.ids",  # its types only, see below: making an id is random
    "vivr.catalogue.descriptions",
    "vivr.stripe_gateway.objects",
    "vivr.stripe_gateway.requests",
}
PURE_NAMES: Final = {("pathlib", "PurePath"), ("pathlib", "PurePosixPath")}
"""Paths as texts: they name a file and can't reach it."""

_PROMISE: Final = re.compile(r"\bPure[.:]")
_WORLDLY: Final = {
    *("asyncio", "httpx", "os", "random", "secrets", "shutil", "socket", "subprocess", "tempfile", "threading", "time"),
    *("urllib.request", "vivr.bootstrap", "vivr.clock", "vivr.database", "vivr.jobs", "vivr.stripe_gateway.gateway"),
}
_OUTSIDE_WORLD: Final = {"open", "print", "input", "exec", "eval", "__import__", "globals"}
_PRESENT: Final = {"now", "utcnow", "today"}


def models() -> list[Module]:
    return [module for module in shop() if module.name.endswith(".model") or module.name in PURE_BESIDES_MODELS]


def modules_that_promise() -> list[Module]:
    """Modules of any name whose docstring says that they are pure."""
    return [module for module in shop() if _PROMISE.search(ast.get_docstring(module.tree) or "")]


def impurities(module: Module) -> Iterator[str]:
    yield from impure_acts(module)
    yield from impure_imports(module)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id == "Any":
            yield module.at(node, "Any in a model")


def broken_promises(module: Module) -> Iterator[str]:
    yield from impure_acts(module)
    for found in imports(module, module_names()):
        reaches_out = found.module in _WORLDLY or found.module.endswith("store")
        if reaches_out or (found.module, found.name) == ("pathlib", "Path"):
            yield module.at(found.node, f"a module that says Pure imports {found.module}")


def impure_acts(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield module.at(node, "async in a model")
        elif isinstance(node, ast.Global):
            yield module.at(node, "a model that changes its module")
        elif isinstance(node, ast.Call):
            called = dotted(node.func)
            if called in _OUTSIDE_WORLD:
                yield module.at(node, f"{called}() in a model")
            if called.split(".")[-1] in _PRESENT and called.startswith(("datetime", "date.")):
                yield module.at(node, f"{called}() in a model: time is an argument")


def impure_imports(module: Module) -> Iterator[str]:
    for found in imports(module, module_names()):
        allowed = PURE_STANDARD | PURE_LIBRARIES | PURE_OF_OURS
        is_named = (found.module, found.name) in PURE_NAMES or found.module.endswith(".model")
        if found.module not in allowed and not is_named:
            yield module.at(found.node, f"a model imports {found.module}")
        if found.module == "vivr.ids" and (found.name or "new_").startswith("new_"):
            yield module.at(found.node, "a model makes an id: ids are random, so they come in as arguments")


def test_models_are_pure() -> None:
    assert violations(impurities, models()) == []


def test_modules_that_say_pure_are() -> None:
    assert violations(broken_promises, modules_that_promise()) == []


@pytest.mark.parametrize(
    "broken",
    [
        "async def decide(): ...",
        "import secrets",
        "import random",
        "import os",
        "import time",
        "import psycopg",
        "from pathlib import Path",
        "from vivr.clock import Clock",
        "from vivr.database import Tx",
        "from vivr.orders import store",
        "from vivr.orders.place_order import place_order",
        "from vivr.ids import new_order_id",
        "from vivr.stripe_gateway.gateway import Stripe",
        "from datetime import datetime\nNOW = datetime.now()",
        "import datetime\nNOW = datetime.datetime.utcnow()",
        "def decide(order: Any) -> None: ...",
        "def decide() -> None:\n    print('decided')",
        "def decide() -> str:\n    return open('terms').read()",
        "def decide() -> None:\n    global last\n    last = 1",
    ],
)
def test_an_impure_model_is_caught(broken: str) -> None:
    assert list(impurities(sample(broken, "vivr.orders.model"))) != []


@pytest.mark.parametrize(
    "broken",
    ["import secrets", "from vivr.orders import store", "from pathlib import Path", "import time", "print('done')"],
)
def test_a_broken_promise_is_caught(broken: str) -> None:
    assert list(broken_promises(sample(f'"""What a basket costs. Pure."""\n{broken}', "vivr.cart.prices"))) != []


def test_a_pure_model_passes() -> None:
    text = "from datetime import datetime\nfrom vivr.ids import OrderId\nfrom vivr.money import Money\n"
    assert list(impurities(sample(text, "vivr.orders.model"))) == []
