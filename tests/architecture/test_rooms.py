"""Rule 4 and the doors: who may import whom, who may speak to Stripe, and who reads the environment.

The contracts in ``pyproject.toml`` hold the layers (``test_contracts``); these tests hold what names make plain.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pytest

from architecture.source_tree import (
    Module,
    Rule,
    dotted,
    imports,
    module_names,
    python_files,
    sample,
    sandbox,
    shop,
    violations,
)

READS_THE_ENVIRONMENT: Final = {
    "vivr.cli.environment": "the entry hands it to read_settings, which judges it",
    "vivr.cli.demo": "the same for the demo, before there are settings",
    "vivr.cli.staff": "the same for a terminal's own variables",
    "vivr.cli.language": "LANG decides the language of help texts, before any setting is read",
}
"""Modules that look at ``os.environ`` themselves, each with its reason; the shop's settings come from none of them."""

FORBIDDEN_NAMES: Final = re.compile(r"(^|_)(utils?|helpers?|managers?|commons?|misc|stuff|shared)(_|$)")


def foreign_stores(module: Module) -> Iterator[str]:
    """Imports of a store by a module that is not of its room."""
    room = ".".join(module.name.split(".")[:2])
    for found in imports(module, module_names()):
        parts = found.module.split(".")
        if len(parts) > 2 and parts[-1].endswith("store") and ".".join(parts[:2]) != room:
            # A row that a use case hands out is declared beside its statement; its type may be named by readers.
            yield module.at(found.node, f"imports {found.module}: call a use case of that room")


def stripe_users(module: Module) -> Iterator[str]:
    for found in imports(module, module_names()):
        if found.module.split(".")[0] == "stripe" and not module.name.startswith("vivr.stripe_gateway"):
            yield module.at(found.node, "only vivr.stripe_gateway imports stripe")


def crossings(module: Module) -> Iterator[str]:
    """Imports between the shop and the local Stripe, which stand apart."""
    other = "stripe_sandbox" if module.name.startswith("vivr") else "vivr"
    for found in imports(module, module_names()):
        if found.module.split(".")[0] == other:
            yield module.at(found.node, f"{module.name} imports {found.module}")


def environment_readers(module: Module) -> Iterator[str]:
    if module.name in READS_THE_ENVIRONMENT:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.environb", "os.getenv"}:
            yield module.at(node, f"{dotted(node)}: settings are the only reader of the environment")
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            names = {alias.name for alias in node.names}
            if names & {"environ", "environb", "getenv"}:
                yield module.at(node, "settings are the only reader of the environment")


def bad_names(module: Module) -> Iterator[str]:
    if any(FORBIDDEN_NAMES.search(part) for part in module.name.split(".")):
        yield f"{module.path}: says nothing of what is in it"
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and re.search(r"(Utils?|Helpers?|Managers?|Common)$", node.name):
            yield module.at(node, f"{node.name} says nothing of what it is")


def import_graph(modules: Iterable[Module], known: frozenset[str]) -> dict[str, set[str]]:
    """Module -> modules it imports; a package's own ``__init__`` stands for the package."""
    return {
        module.name: {found.module for found in imports(module, known) if found.module in known} - {module.name}
        for module in modules
    }


def cycles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph.get(name, ())):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            place = stack.index(name)
            group = sorted(stack[place:])
            del stack[place:]
            if len(group) > 1:
                found.append(group)

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return found


def test_a_room_calls_use_cases_and_never_another_rooms_store() -> None:
    assert violations(foreign_stores, shop()) == []


def test_only_the_gateway_imports_stripe() -> None:
    assert violations(stripe_users, [*shop(), *sandbox()]) == []


def test_the_shop_and_the_local_stripe_stand_apart() -> None:
    assert violations(crossings, [*shop(), *sandbox()]) == []


def test_settings_are_the_only_reader_of_the_environment() -> None:
    assert violations(environment_readers, shop()) == []
    assert set(READS_THE_ENVIRONMENT) <= module_names()


def test_no_module_is_called_by_a_word_that_says_nothing() -> None:
    everything = [module for folder in ("src", "tests", "benchmarks", "examples") for module in python_files(folder)]
    assert violations(bad_names, everything) == []


def test_no_modules_import_each_other() -> None:
    assert cycles(import_graph([*shop(), *sandbox()], module_names())) == []


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        (foreign_stores, "from vivr.payments import store"),
        (foreign_stores, "from vivr.payments.store import find_payment"),
        (foreign_stores, "import vivr.catalogue.import_store"),
        (foreign_stores, "def f():\n    from vivr.ledger import store as ledger"),
        (stripe_users, "import stripe"),
        (stripe_users, "from stripe import StripeClient"),
        (crossings, "from stripe_sandbox.money import minimum"),
        (environment_readers, "import os\nURL = os.environ['DATABASE_URL']"),
        (environment_readers, "import os\nURL = os.getenv('DATABASE_URL')"),
        (environment_readers, "from os import environ"),
        (bad_names, "class OrderManager: ..."),
    ],
)
def test_a_wrong_door_is_caught(rule: Rule, broken: str) -> None:
    assert list(rule(sample(broken))) != []


def test_the_local_stripe_that_imports_the_shop_is_caught() -> None:
    assert list(crossings(sample("from vivr.money import Money", "stripe_sandbox.money"))) != []


@pytest.mark.parametrize("name", ["vivr.utils", "vivr.orders.helpers", "vivr.order_manager", "vivr.common.money"])
def test_an_empty_word_is_caught(name: str) -> None:
    assert list(bad_names(sample("", name))) != []


def test_a_cycle_is_caught() -> None:
    known = frozenset({"vivr.a", "vivr.b", "vivr.c"})
    modules = [
        sample("from vivr import b", "vivr.a"),
        sample("def f():\n    from vivr.c import x", "vivr.b"),
        sample("import vivr.a", "vivr.c"),
    ]
    assert cycles(import_graph(modules, known)) == [["vivr.a", "vivr.b", "vivr.c"]]
