"""Give held money back to where it came from: one refund, or one release of what is only authorised, per decision.

However many click, command and rule at once, the exception's lock lets one of them reserve; all the others get it as it
stands. Money that came by a payment of ours goes through the refunds room; what came beside all has an operation of
its own, whose intent is the exception and its round.
"""

from typing import Final

import structlog

from vivr.caller import Caller
from vivr.clock import Clock
from vivr.crash_points import crash_point
from vivr.database import Database, Tx
from vivr.errors import Refusal, VivrError
from vivr.ids import RefundId, new_refund_id
from vivr.money_exceptions.decide import back_giving_back, decide_giving_back
from vivr.money_exceptions.model import Action, ExceptionState, Kind, MoneyException, Resolution, refuse
from vivr.money_exceptions.read_exceptions import find_exception
from vivr.operations.model import Operation
from vivr.operations.run_operation import send_operation
from vivr.payments.settle_payment import settle_payment
from vivr.refunds.decide_refund import accept_refund
from vivr.refunds.model import Reason, RefundState, Wish
from vivr.refunds.read_refunds import find_refund
from vivr.refunds.request_refund import RefundRequest, reserve_requested
from vivr.refunds.submit_refund import send_refund
from vivr.resolutions.held_operations import is_held_write, record_held, reserve_held
from vivr.resolutions.lock_held import Held, lock_held
from vivr.resolutions.model import ResolutionTerms, check_role, judge_word
from vivr.sealing import Seals
from vivr.stripe_gateway.answers import Failed, StripeMisconfigured
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.resolutions")
_GIVEN_BACK: Final = frozenset({Resolution.REFUNDED, Resolution.RELEASED})


async def give_back(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: ResolutionTerms,
    exception_id: str,
) -> MoneyException:
    """Give it back; the exception as it stands then. What is being given back, or was, stays so.

    Raises:
        NotFound: ``exception_not_found``.
        Forbidden: this role may not; ``refund_needs_approver``: the second word is an approver's.
        Conflict: what ``money_exceptions.model.refuse`` says, ``refund_needs_another``, or what a refund is refused
            for: ``payment_disputed``, ``refund_nothing_left``.
        Refusal: ``refund_refused`` by Stripe; it waits for a person again.
        StripeMisconfigured: our key may not do this; the same.
    """
    refusal = check_role(caller.role)
    if refusal is not None:
        raise refusal
    crash_point("exception.before_reserve")
    async with database.transaction("reserve_give_back") as tx:
        held = await lock_held(tx, exception_id)
        waiting = await _second_word_for(tx, held.exception)
        if waiting is None and _is_under_way(held.exception):
            return held.exception
        operation = None if waiting else await _reserve(tx, clock, seals, caller, terms, held)
    _log.info("money_exception.giving_back", exception=exception_id, actor=caller.actor)
    if waiting is not None:
        await accept_refund(database, stripe, clock, seals, caller, terms.refunds, waiting)
    elif operation is not None and is_held_write(operation):
        await _send_held(database, stripe, clock, seals, caller, operation, held)
    elif operation is not None:
        await send_refund(database, stripe, clock, seals, caller, operation)
    async with database.transaction("find_exception") as tx:
        found = await find_exception(tx, exception_id)
    assert found is not None
    return found


def _is_under_way(exception: MoneyException) -> bool:
    """A repeat: what stopped in between is the recoverer's."""
    return exception.state == ExceptionState.RESOLVING or exception.resolution in _GIVEN_BACK


async def _second_word_for(tx: Tx, exception: MoneyException) -> RefundId | None:
    """The refund that waits for a second person's word, where it does."""
    if exception.state != ExceptionState.RESOLVING or exception.refund_id is None:
        return None
    refund = await find_refund(tx, exception.refund_id)
    return refund.id if refund is not None and refund.state == RefundState.REQUESTED else None


async def _reserve(
    tx: Tx, clock: Clock, seals: Seals, caller: Caller, terms: ResolutionTerms, held: Held
) -> Operation | None:
    """Reserve what gives it back; None: a second person has to agree first."""
    exception, payment = held.exception, held.payment
    refusal = refuse(exception, Action.GIVE_BACK)
    if refusal is not None:
        raise refusal
    if payment is not None and exception.captured:
        reason = Reason.DUPLICATE if exception.kind == Kind.TWICE else Reason.OTHER
        request = RefundRequest(new_refund_id(clock.now()), payment.order_id, Wish(), reason, payment.id)
        refund, operation = await reserve_requested(tx, clock, seals, caller, terms.refunds, request)
        await decide_giving_back(tx, caller, clock.now(), exception, refund.id)
        return operation
    goes = judge_word(exception, caller.actor, caller.role, terms.refunds.approval_above)
    if isinstance(goes, VivrError):
        raise goes
    if not goes:
        await back_giving_back(tx, caller, clock.now(), exception)
        return None
    decided = await decide_giving_back(tx, caller, clock.now(), exception, None)
    return await reserve_held(tx, clock, seals, caller, terms.refunds.shop_id, decided)


async def _send_held(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, operation: Operation, held: Held
) -> None:
    crash_point("exception.after_reserve")
    answer = await send_operation(stripe, seals, operation)
    crash_point("exception.after_call")
    await record_held(database, clock, caller, operation, answer)
    crash_point("exception.after_record")
    if isinstance(answer, Failed) and answer.kind == "misconfigured":
        raise StripeMisconfigured(answer.message)
    if isinstance(answer, Failed):
        raise Refusal("refund_refused", exception=held.exception.id, reason=answer.code)
    if held.payment is not None:
        # A release ends the payment too; what Stripe shows now is what counts.
        await settle_payment(database, stripe, clock, caller, held.payment.id)
