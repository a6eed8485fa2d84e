"""Record what became of asking for a Checkout Session, before the customer sees its address."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.checkout.model import CheckoutLink
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.errors import Unavailable
from vivr.ids import OrderId, PaymentId
from vivr.operations.model import Operation
from vivr.operations.run_operation import record_answer
from vivr.orders.move_order import lock_order
from vivr.payments.begin_payment import CUSTOMER_MISSING, attach_session, end_refused
from vivr.payments.model import OPEN, Payment
from vivr.payments.read_payments import find_payment
from vivr.stripe_gateway.answers import Answer, Done, Failed, error_of
from vivr.stripe_gateway.objects import Session

_log: Final = structlog.stdlib.get_logger("vivr.checkout")


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """What was recorded.

    Attributes:
        session: what the customer may be sent to, if there is such.
        must_close: a payment whose session asks for other money than the order: it has to be expired unseen.
    """

    answer: Answer
    order_id: OrderId
    session: Session | None = None
    must_close: PaymentId | None = None

    @property
    def may_begin_again(self) -> bool:
        """Whether only the customer was missing at Stripe, so that another one makes the same request good."""
        return isinstance(self.answer, Failed) and self.answer.code == CUSTOMER_MISSING

    def link(self) -> CheckoutLink:
        """Where the customer pays.

        Raises:
            Unavailable: nobody knows, Stripe can't be reached, or our key is wrong.
            Refusal: ``payment_refused``.
        """
        if not isinstance(self.answer, Done):
            raise error_of(self.answer, "payment_refused", order=self.order_id)
        if self.session is None or self.session.url is None or self.must_close is not None:
            raise Unavailable("checkout_being_made", retry_after_s=5)
        return CheckoutLink(self.session.id, self.session.url, self.order_id)


def session_intent(payment_id: PaymentId) -> str:
    """What asking for a payment's session is called among operations."""
    return f"session:{payment_id}"


async def record_session(
    database: Database, clock: Clock, caller: Caller, operation: Operation, answer: Answer
) -> RecordedSession:
    """Write outcome, session and audit together; a payment for which nothing was made ends."""
    assert operation.order_id is not None
    assert operation.payment_id is not None
    order_id, payment_id = operation.order_id, operation.payment_id
    async with database.transaction("record_session") as tx:
        await lock_order(tx, order_id)
        payment = await find_payment(tx, payment_id)
        assert payment is not None
        is_ours = await record_answer(tx, clock, caller, operation, answer)
        if isinstance(answer, Failed) and is_ours:
            await end_refused(tx, clock.now(), operation.scope, payment, answer.code)
        if not isinstance(answer, Done):
            _log.warning("checkout.not_created", order=order_id, operation=operation.id, answer=type(answer).__name__)
            return RecordedSession(answer, order_id)
        session = msgspec.convert(answer.document, Session)
        fits, is_open = await _attach(tx, clock, caller, payment, session)
    _log.info("checkout.created", order=order_id, payment=payment_id, session=session.id, open=is_open)
    # Of a payment that was given up meanwhile nobody sees the address: another session may be open by now.
    shown = session if is_open else None
    return RecordedSession(answer, order_id, shown, must_close=None if fits else payment_id)


async def _attach(tx: Tx, clock: Clock, caller: Caller, payment: Payment, session: Session) -> tuple[bool, bool]:
    """Attach the session: whether it asks for the payment's money, and whether the payment still waits for it."""
    now = clock.now()
    poll_at = payment.poll_at or now + timedelta(seconds=20)
    fits = session.amount_total == payment.amount_minor and (session.currency or "").upper() == payment.currency
    # One that does not fit is over at once, so that nobody is sent to it even if its expiry is not reached now.
    ends_at = datetime.fromtimestamp(session.expires_at, UTC) if fits else now
    attached = await attach_session(tx, now, payment.id, session, ends_at=ends_at, poll_at=poll_at)
    is_open = attached is not None and attached.state in OPEN
    if not fits:
        _log.error("checkout.session_does_not_fit", payment=payment.id, session=session.id)
    await record_act(
        tx,
        caller,
        now,
        "checkout.created",
        on=("payment", payment.id),
        order_id=payment.order_id,
        outcome="done" if fits else "refused",
        money=payment.amount,
        error_code=None if fits else "session_does_not_fit",
    )
    return fits, is_open
