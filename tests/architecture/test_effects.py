"""Rule 2: effects show in signatures, and no transaction is open during a call to Stripe."""

import ast
import asyncio
import re
from collections.abc import Iterator
from typing import Final

import pytest

from architecture.source_tree import (
    Function,
    Module,
    dotted,
    functions,
    names_in,
    own_nodes,
    parameters,
    sample,
    shop,
    violations,
)
from vivr.database import Database, TransactionOpenError
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.requests import StripeRequest

WAITS_FOR_NOTHING: Final = {
    "vivr.web.errors.plain_error_page": "one of the pages that render an error; the others read the database",
}
"""Functions that are async although they wait for nothing, because of what they stand for."""

BLOCKS: Final = {
    "vivr.catalogue": "reads and writes product files and pictures of a command that does nothing else meanwhile",
    "vivr.cli": "a command line works for one person and waits for nobody else",
    "vivr.demo": "the supervisor is a process of its own, without an event loop",
    "vivr.email": "the mail folder of the demo: one small file a message",
    "vivr.embedded_postgres": "starts and watches a server from a process of its own",
    "vivr.migrate": "runs before anything serves",
    "vivr.settings": "checks folders once, before anything serves",
    "vivr.translate": "reads a catalogue that is part of the package, once",
    "vivr.web.assets": "reads and hashes the package's own static files once, when the application is built",
}
"""Rooms whose plain functions may block, each with its reason; everywhere else waiting is async."""

_TX_AND_NETWORK: Final = ({"Tx", "Stripe"}, {"Tx", "Database"})
_FILE_VERBS: Final = {"read_text", "write_text", "read_bytes", "write_bytes", "iterdir", "unlink", "mkdir", "rglob"}
_BLOCKING: Final = re.compile(r"open|input|time\.sleep|subprocess\..*|psycopg\.connect|socket\..*|urllib\.request\..*")


def mixed_effects(module: Module) -> Iterator[str]:
    for function in functions(module.tree):
        taken = {name for parameter in parameters(function) for name in names_in(parameter.annotation)}
        for pair in _TX_AND_NETWORK:
            if pair <= taken:
                yield module.at(function, f"{function.name} takes both {' and '.join(sorted(pair))}")


def network_inside_transactions(module: Module) -> Iterator[str]:
    """Stripe, or another transaction, named inside a block that holds a transaction open."""
    for block in ast.walk(module.tree):
        if not isinstance(block, ast.AsyncWith) or not any(_opens(item) for item in block.items):
            continue
        for statement in block.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and node.id in {"stripe", "database"}:
                    yield module.at(node, f"{node.id} is used while a transaction is open")
                if isinstance(node, ast.Attribute) and node.attr in {"stripe", "_stripe"}:
                    yield module.at(node, "Stripe is used while a transaction is open")


def _opens(item: ast.withitem) -> bool:
    call = item.context_expr
    return isinstance(call, ast.Call) and dotted(call.func).endswith("database.transaction")


def idle_async(module: Module) -> Iterator[str]:
    """``async def`` that waits for nothing."""
    for function in functions(module.tree):
        if not isinstance(function, ast.AsyncFunctionDef) or _only_declares(function) or _is_endpoint(function):
            continue
        if f"{module.name}.{function.name}" not in WAITS_FOR_NOTHING and not _waits(function):
            yield module.at(function, f"{function.name} is async and waits for nothing")


def _waits(function: Function) -> bool:
    return any(
        isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)
        or (isinstance(node, ast.comprehension) and node.is_async)
        for node in own_nodes(function)
    )


def _only_declares(function: Function) -> bool:
    """A protocol's method, or one that a subclass fills in."""
    last = function.body[-1]
    return isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant) and last.value.value is ...


def _is_endpoint(function: Function) -> bool:
    """Starlette runs a plain endpoint in a thread, so one that answers from memory is async too."""
    return any("Request" in names_in(parameter.annotation) for parameter in parameters(function))


def blocking_calls(module: Module) -> Iterator[str]:
    """Calls that hold the event loop up, outside the rooms that have a reason to."""
    if any(module.name == room or module.name.startswith(f"{room}.") for room in BLOCKS):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = dotted(node.func)
            is_file = isinstance(node.func, ast.Attribute) and node.func.attr in _FILE_VERBS
            if is_file or _BLOCKING.fullmatch(called):
                yield module.at(node, f"{called or ast.unparse(node.func)}() blocks")


def test_no_function_takes_a_transaction_and_the_network() -> None:
    assert violations(mixed_effects, shop()) == []


def test_nothing_is_asked_of_stripe_inside_a_transaction() -> None:
    assert violations(network_inside_transactions, shop()) == []


def test_async_functions_wait_for_something() -> None:
    assert violations(idle_async, shop()) == []


def test_plain_functions_of_the_rooms_do_not_block() -> None:
    assert violations(blocking_calls, shop()) == []


def test_every_exemption_is_still_needed() -> None:
    names = {f"{module.name}.{function.name}" for module in shop() for function in functions(module.tree)}
    assert set(WAITS_FOR_NOTHING) <= names
    modules = {module.name for module in shop()}
    assert set(BLOCKS) <= modules


@pytest.mark.parametrize(
    "broken",
    [
        "async def pay(tx: Tx, stripe: Stripe): await stripe.send()",
        "async def pay(tx: 'Tx | None', *, stripe: Stripe | None = None): await stripe.send()",
        "async def pay(database: Database, tx: Tx): await tx.run()",
        "def pay(database: vivr.database.Database, /, tx: vivr.database.Tx): ...",
    ],
)
def test_mixed_effects_are_caught(broken: str) -> None:
    assert list(mixed_effects(sample(broken))) != []


@pytest.mark.parametrize(
    "call",
    ["await stripe.send(request)", "await self.stripe.read_intent(id)", "await settle(database)", "f(shop.stripe)"],
)
def test_a_call_inside_a_transaction_is_caught(call: str) -> None:
    text = (
        f"async def pay():\n    async with shop.database.transaction('pay') as tx:\n        if due:\n            {call}"
    )
    assert list(network_inside_transactions(sample(text))) != []


def test_an_idle_async_function_is_caught() -> None:
    text = "async def total():\n    async def inner():\n        await other()\n    return 3"
    assert list(idle_async(sample(text))) == ["sample/vivr.orders.sample.py:1: total is async and waits for nothing"]


@pytest.mark.parametrize(
    "call", ["time.sleep(1)", "open('f')", "subprocess.run(['x'])", "Path('f').read_text()", "psycopg.connect(url)"]
)
def test_a_blocking_call_is_caught(call: str) -> None:
    assert list(blocking_calls(sample(f"def wait():\n    {call}"))) != []


async def test_the_gateway_refuses_inside_a_transaction_and_in_tasks_that_it_starts(database: Database) -> None:
    stripe = Stripe("sk_test_guard", api_base="http://127.0.0.1:9", max_retries=0)

    async def send() -> None:
        await stripe.send(StripeRequest("/v1/customers", {}), idempotency_key="k")

    async with database.transaction("outer"):
        with pytest.raises(TransactionOpenError):
            await send()
        with pytest.raises(TransactionOpenError):
            await stripe.read_account()
        with pytest.raises(TransactionOpenError):
            await asyncio.create_task(send())
        with pytest.raises(TransactionOpenError):
            async with database.transaction("inner"):
                pytest.fail("a second transaction was opened")
    await stripe.close()
