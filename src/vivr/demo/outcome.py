"""What became of a purchase, read from the shop's own database, and whether it is what the card must lead to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vivr.cli.language import say
from vivr.database import Database, Tx
from vivr.demo.buyer import PaymentTrial
from vivr.demo.cards import Expectation
from vivr.ledger.read_ledger import postings_of_order
from vivr.orders.model import Order, OrderState
from vivr.orders.read_orders import find_order, held_units_of, lines_of
from vivr.payments.model import Payment
from vivr.payments.read_payments import payment_by_session, payments_of
from vivr.timeline import TimelineItem, order_timeline


@dataclass(frozen=True, slots=True)
class Outcome:
    """An order and everything around it at one moment."""

    order: Order
    payments: Sequence[Payment]
    units: int
    units_held: int
    ledger_sums: dict[str, int]
    timeline: Sequence[TimelineItem]

    @property
    def payment(self) -> Payment:
        """The payment that settles the order, or else the latest."""
        return next((payment for payment in self.payments if payment.settles), self.payments[-1])

    def count(self, kind: str) -> int:
        """How many things of a kind the timeline tells."""
        return sum(item.kind == kind for item in self.timeline)


async def read_outcome(database: Database, session_id: str) -> Outcome | None:
    """What became of the order behind a Checkout Session; None: the shop does not know the session."""
    async with database.transaction("demo.read_outcome") as tx:
        paid = await payment_by_session(tx, session_id)
        order = await find_order(tx, paid.order_id) if paid else None
        return await _read(tx, order) if order else None


async def _read(tx: Tx, order: Order) -> Outcome:
    sums: dict[str, int] = {}
    for line in await postings_of_order(tx, order.id):
        sums[line.currency] = sums.get(line.currency, 0) + line.amount_minor
    return Outcome(
        order=order,
        payments=await payments_of(tx, order.id),
        units=sum(line.quantity for line in await lines_of(tx, order.id) if line.product_id),
        units_held=await held_units_of(tx, order.id),
        ledger_sums=sums,
        timeline=await order_timeline(tx, order.id),
    )


def is_at_rest(outcome: Outcome, *, is_declined: bool, lost_webhook: bool) -> bool:
    """Whether there is nothing left to wait for: the payment's word has come, and the mail has gone out."""
    if is_declined:
        return lost_webhook or outcome.payment.failure_code is not None
    mails = [item.text for item in outcome.timeline if item.kind == "email"]
    has_event = lost_webhook or outcome.count("event") > 0
    return outcome.order.state is OrderState.PAID and has_event and any(text.endswith("sent") for text in mails)


def objections(outcome: Outcome, trial: PaymentTrial, expected: Expectation, *, lost_webhook: bool) -> list[str]:
    """Everything that is not as this card must leave it; empty: all is well."""
    order, payment = outcome.order, outcome.payment
    wrong: list[str] = []

    def demand(*, is_met: bool, sentence: str) -> None:
        if not is_met:
            wrong.append(sentence)

    demand(
        is_met=trial.was_challenged == expected.has_challenge or not expected.has_challenge,
        sentence=say("no 3-D Secure challenge was asked for"),
    )
    demand(
        is_met=not (lost_webhook and outcome.count("event")),
        sentence=say("a webhook arrived although all were to be lost"),
    )
    if expected.is_declined:
        demand(is_met=bool(trial.decline_message), sentence=say("the buyer was not told of a decline"))
        demand(
            is_met=order.state is OrderState.PENDING,
            sentence=say("the order is {state}, not {wanted}", state=order.state, wanted=OrderState.PENDING),
        )
        demand(
            is_met=not any(tried.captured_minor for tried in outcome.payments) and not outcome.ledger_sums,
            sentence=say("money was booked for a declined card"),
        )
        demand(
            is_met=outcome.units_held == outcome.units,
            sentence=say("{held} of {units} units are reserved", held=outcome.units_held, units=outcome.units),
        )
        return wrong
    demand(is_met=trial.decline_message is None, sentence=say("the card was declined"))
    demand(
        is_met=order.state is OrderState.PAID,
        sentence=say("the order is {state}, not {wanted}", state=order.state, wanted=OrderState.PAID),
    )
    demand(
        is_met=payment.settles and payment.captured_minor == order.payable_minor,
        sentence=say("no payment settles the order in full"),
    )
    demand(
        is_met=bool(outcome.ledger_sums) and not any(outcome.ledger_sums.values()),
        sentence=say("the ledger does not sum to zero"),
    )
    demand(is_met=outcome.units_held == 0, sentence=say("units are still only reserved"))
    return wrong


def as_json(outcome: Outcome, decline_message: str | None) -> dict[str, Any]:
    """The outcome for machines; amounts in minor units."""
    said = {} if decline_message is None else {"declineMessage": decline_message}
    return {
        "orderId": outcome.order.id,
        "number": outcome.order.shown_number,
        "status": outcome.order.state.value,
        "paymentStatus": outcome.payment.state.value,
        "total": outcome.order.total_minor,
        "currency": outcome.order.currency,
        **said,
        "timeline": [
            {"at": item.at.isoformat(), "kind": item.kind, "id": item.id, "text": item.text}
            for item in outcome.timeline
        ],
    }
