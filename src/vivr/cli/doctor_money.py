"""`vivr doctor --money`: every invariant on live data, and whatever breaks one with its order's timeline.

Exit codes: 0 all hold; 1 something breaks one; 2 it could not be checked.
"""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from vivr.cli.ask_shop import ask_shop
from vivr.cli.language import say, translate
from vivr.cli.printing import console, make_table
from vivr.invariants.check_money import INVARIANTS, check_money
from vivr.invariants.invariant import Invariant, Verdict
from vivr.timeline import TimelineItem, order_timeline

if TYPE_CHECKING:
    from vivr.bootstrap import Shop

_SHOWN_MAX: Final = 20
"""So many breaches of one rule are printed for people; machines get all of them."""
_TIMELINES_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class MoneyDiagnosis:
    """How all invariants stand, and what happened to the orders that break one."""

    verdicts: list[Verdict]
    timelines: dict[str, list[TimelineItem]]

    @property
    def exit_code(self) -> int:
        """0: all hold; 1: something breaks one."""
        return int(any(verdict.broken for verdict in self.verdicts))

    def as_json(self) -> str:
        """For machines; sentences are English."""
        return json.dumps(
            {
                "ok": self.exit_code == 0,
                "invariants": [
                    {
                        "code": verdict.invariant.code,
                        "sentence": verdict.invariant.sentence,
                        "holds": not verdict.broken,
                        "broken": [
                            {"rule": rule, "breaches": [asdict(breach) for breach in breaches]}
                            for rule, breaches in verdict.broken.items()
                        ],
                    }
                    for verdict in self.verdicts
                ],
                "timelines": {
                    order_id: [asdict(item) | {"at": item.at.isoformat()} for item in items]
                    for order_id, items in self.timelines.items()
                },
            },
            ensure_ascii=False,
            indent=2,
        )


def examine_money(invariants: tuple[Invariant, ...] = INVARIANTS, *, as_json: bool) -> int:
    """Check, print, and give the exit code."""
    diagnosis = ask_shop(lambda shop: _examine(shop, invariants))
    if as_json:
        print(diagnosis.as_json())
    else:
        _print(diagnosis)
    return diagnosis.exit_code


async def _examine(shop: "Shop", invariants: tuple[Invariant, ...]) -> MoneyDiagnosis:
    verdicts = await check_money(shop.database, shop.clock.now(), invariants)
    concerned = {
        breach.order_id: None
        for verdict in verdicts
        for breaches in verdict.broken.values()
        for breach in breaches
        if breach.order_id is not None
    }
    timelines: dict[str, list[TimelineItem]] = {}
    async with shop.database.transaction("timelines") as tx:
        for order_id in concerned:
            timelines[order_id] = await order_timeline(tx, order_id)
    return MoneyDiagnosis(verdicts, timelines)


def _print(diagnosis: MoneyDiagnosis) -> None:
    out = console()
    table = make_table(say("What must hold of the money"), "", "", "")
    table.show_header = False
    for verdict in diagnosis.verdicts:
        mark = "[red]✗[/]" if verdict.broken else "[green]✓[/]"
        table.add_row(mark, verdict.invariant.code, translate(verdict.invariant.sentence))
    if len(diagnosis.verdicts) == len(INVARIANTS):
        table.add_row("•", "I10", say("Counts from the day on which the shop issues invoices; it does not yet."))
    out.print(table)
    for verdict in diagnosis.verdicts:
        for rule, breaches in verdict.broken.items():
            out.print()
            broken = make_table(translate(rule), say("what"), say("order"), say("figures"))
            for breach in breaches[:_SHOWN_MAX]:
                broken.add_row(breach.object_id, breach.order_id or "", breach.detail)
            out.print(broken)
            if len(breaches) > _SHOWN_MAX:
                out.print(say("and {count} more; --json lists all", count=len(breaches) - _SHOWN_MAX))
    for order_id, items in list(diagnosis.timelines.items())[:_TIMELINES_MAX]:
        out.print()
        life = make_table(order_id, say("when"), say("kind"), say("what"), "")
        for item in items:
            life.add_row(item.at.isoformat(timespec="seconds"), item.kind, item.id, item.text)
        out.print(life)
    if len(diagnosis.timelines) > _TIMELINES_MAX:
        rest = len(diagnosis.timelines) - _TIMELINES_MAX
        out.print(say("and {count} more; --json lists all", count=rest))
