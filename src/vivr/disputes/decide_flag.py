"""Staff's word on a doubt: refund the payment before it is disputed, or keep it and release the order."""

from typing import Final

import structlog

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database, Tx
from vivr.disputes import flag_store as store
from vivr.disputes.flag_store import FraudFlag
from vivr.errors import Conflict, Forbidden, NotFound
from vivr.ids import FlagId, RefundId
from vivr.orders.hold_order import end_hold
from vivr.orders.move_order import lock_order
from vivr.refunds.model import STAFF, Reason, Refund, RefundTerms, Wish
from vivr.refunds.request_refund import RefundRequest, reserve_requested
from vivr.refunds.submit_refund import send_refund
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.disputes")


async def keep_payment(database: Database, clock: Clock, caller: Caller, flag_id: FlagId) -> None:
    """The customer is known: the order goes on.

    Raises:
        NotFound, Forbidden.
        Conflict: ``flag_already_decided``.
    """
    flag = await _find(database, caller, flag_id)
    async with database.transaction("keep_flagged") as tx:
        await _decide(tx, clock, caller, flag, "keep")
        await end_hold(tx, caller, clock.now(), flag.order_id, flag.stripe_id)
    _log.info("fraud_flag.decided", flag=flag.id, order=flag.order_id, decision="keep")


async def refund_flagged(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: RefundTerms,
    flag_id: FlagId,
) -> Refund:
    """Give all that is left back, once however often it is asked for; the order stays held, for the refund may fail.

    A refund that Stripe refuses leaves the decision standing: another one, or the release of the hold, is on the
    order's page.

    Raises:
        NotFound, Forbidden.
        Conflict: ``flag_already_decided``, or what ``request_refund`` refuses.
        Refusal: ``refund_refused`` by Stripe.
    """
    flag = await _find(database, caller, flag_id)
    refund_id = RefundId(flag.id.replace("flg_", "rfd_", 1))
    request = RefundRequest(refund_id, flag.order_id, Wish(), Reason.FRAUDULENT, flag.payment_id)
    async with database.transaction("refund_fraud_flag") as tx:
        # One transaction: whoever decides otherwise meanwhile is refused before Stripe is asked for anything.
        await _decide(tx, clock, caller, flag, "refund")
        refund, operation = await reserve_requested(tx, clock, seals, caller, terms, request)
    _log.info("fraud_flag.decided", flag=flag.id, order=flag.order_id, decision="refund", refund=refund.id)
    if operation is None:
        return refund
    return await send_refund(database, stripe, clock, seals, caller, operation)


async def _find(database: Database, caller: Caller, flag_id: FlagId) -> FraudFlag:
    if caller.role not in STAFF:
        raise Forbidden
    async with database.transaction("find_fraud_flag") as tx:
        flag = await store.find_flag(tx, flag_id)
    if flag is None:
        raise NotFound("flag_not_found")
    return flag


async def _decide(tx: Tx, clock: Clock, caller: Caller, flag: FraudFlag, decision: str) -> None:
    now = clock.now()
    await lock_order(tx, flag.order_id)
    if await store.decide_flag(tx, flag, decision, caller.actor, now) is None:
        raise Conflict("flag_already_decided")
    await record_act(tx, caller, now, f"fraud_flag.{decision}", on=("fraud_flag", flag.id), order_id=flag.order_id)
