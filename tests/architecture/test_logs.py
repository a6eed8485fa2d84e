"""Rule 11: a log line is a fact with ids, such as ``refund.requested``; nothing in it tells who somebody is."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from architecture.source_tree import Module, dotted, names_in, sample, shop, violations

_LEVELS: Final = {"debug", "info", "warning", "error", "exception", "critical"}
_FACT: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
PERSONAL: Final = {
    *("email", "mail", "recipient", "name", "address", "street", "city", "postal_code", "phone", "contact"),
    *("ip", "client", "remote", "user_agent", "agent", "payload", "body", "document", "form", "headers", "cookie"),
    *("card", "number", "pan", "cvc", "password", "token", "secret", "key", "url", "query"),
}
"""Words that no keyword of a log line has, and no value of one ends with."""

OUR_OWN_WORDS: Final = {
    "step.name": "what a background step is called in the source",
}
"""Values that end with such a word and tell of nobody, each with its reason."""


def log_calls(module: Module) -> Iterator[ast.Call]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LEVELS:
            base = dotted(node.func.value)
            if base.split(".")[-1] in {"_log", "log", "logger", "_logger", "logging"}:
                yield node


def fact_of(call: ast.Call) -> str:
    """The literal text that a log line begins with; empty where there is none."""
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def misnamed_facts(module: Module) -> Iterator[str]:
    for call in log_calls(module):
        if not _FACT.fullmatch(fact_of(call)):
            yield module.at(call, "a log line begins with a literal fact, such as 'refund.requested'")
        if len(call.args) > 1:
            yield module.at(call, "what a log line tells stands in keywords")


def personal_logs(module: Module) -> Iterator[str]:
    for call in log_calls(module):
        for keyword in call.keywords:
            if keyword.arg is None:
                yield module.at(call, "a log line takes no mapping: its keywords are written out")
            elif keyword.arg in PERSONAL:
                yield module.at(call, f"{keyword.arg} in a log line")
            elif dotted(keyword.value) in OUR_OWN_WORDS:
                continue
            elif isinstance(keyword.value, ast.Attribute) and keyword.value.attr in PERSONAL:
                yield module.at(call, f"{dotted(keyword.value)} in a log line")
            elif isinstance(keyword.value, ast.JoinedStr | ast.Name) and names_in(keyword.value) & PERSONAL:
                yield module.at(call, f"{ast.unparse(keyword.value)} in a log line")


def test_log_lines_are_facts() -> None:
    assert violations(misnamed_facts, shop()) == []


def test_log_lines_hold_ids_only() -> None:
    assert violations(personal_logs, shop()) == []


def test_the_facts_of_a_purchase_are_logged() -> None:
    facts = {fact_of(call) for module in shop() for call in log_calls(module)}
    assert facts >= {
        *("checkout.started", "checkout.created", "payment.succeeded", "payment.failed"),
        *("webhook.received", "webhook.processed"),
    }


@pytest.mark.parametrize(
    "call",
    ["_log.info('Paid')", "_log.info(f'order.{state}')", "_log.warning('order.paid', order)", "self._log.error(event)"],
)
def test_a_log_line_that_is_no_fact_is_caught(call: str) -> None:
    assert list(misnamed_facts(sample(call))) != []


@pytest.mark.parametrize(
    "call",
    [
        "_log.info('order.placed', email=contact.email)",
        "_log.info('order.placed', order=order.id, to=person.name)",
        "_log.info('order.placed', **vars(order))",
        "_log.info('webhook.received', event=body)",
        "_log.info('order.placed', who=f'{contact.city}')",
    ],
)
def test_a_personal_log_line_is_caught(call: str) -> None:
    assert list(personal_logs(sample(call))) != []
