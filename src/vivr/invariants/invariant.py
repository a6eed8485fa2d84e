"""What an invariant is: a promise in one sentence, and the questions to the database that list what breaks it."""

from dataclasses import dataclass

from vivr.database import Sql


@dataclass(frozen=True, slots=True)
class Invariant:
    """One promise of the shop.

    Attributes:
        code: its number in ARCHITECTURE.md, such as ``I1``.
        sentence: the promise.
        rules: its parts; the purpose of each statement is the rule, and each of its rows is a breach.
    """

    code: str
    sentence: str
    rules: tuple[Sql, ...]


@dataclass(frozen=True, slots=True)
class Breach:
    """What breaks a rule.

    Attributes:
        object_id: the row that breaks it.
        order_id: the order that it concerns, if there is one.
        detail: the figures that don't fit, as ``name=value``.
    """

    object_id: str
    order_id: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an invariant stands.

    Attributes:
        broken: the rules that do not hold, each with what breaks it.
    """

    invariant: Invariant
    broken: dict[str, list[Breach]]


def is_timed(rule: Sql) -> bool:
    """Whether a rule holds only after some time, when whatever was on its way has come to rest."""
    return "%(now)s" in rule.text
