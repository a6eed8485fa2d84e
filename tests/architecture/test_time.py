"""Rule 1: the present time has one source."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from architecture.source_tree import Module, dotted, sample, shop, violations

TELLS_THE_TIME: Final = {
    "vivr.clock": "the one source",
    "vivr.cli.doctor": "it compares the machine's clock with the database server's",
    "vivr.demo.mail_folder": "the name of a file, so that mails of one second stay apart",
}

_PRESENT: Final = re.compile(r"(datetime\.)?(datetime|date)\.(now|utcnow|today)|time\.(time|time_ns|localtime|gmtime)")


def presents(module: Module) -> Iterator[str]:
    if module.name in TELLS_THE_TIME:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _PRESENT.fullmatch(dotted(node.func)):
            yield module.at(node, f"{dotted(node.func)}(): the time comes from a Clock")


def test_the_time_comes_from_a_clock() -> None:
    assert violations(presents, shop()) == []


def test_every_exemption_is_still_needed() -> None:
    assert set(TELLS_THE_TIME) <= {module.name for module in shop()}


@pytest.mark.parametrize(
    "broken", ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.time()", "time.time_ns()"]
)
def test_a_second_clock_is_caught(broken: str) -> None:
    assert list(presents(sample(broken))) != []
