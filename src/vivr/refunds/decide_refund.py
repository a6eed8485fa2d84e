"""Staff's word on a requested refund: accept it (above the shop's limit two have to), or decline it."""

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import Conflict, Forbidden, VivrError
from vivr.ids import RefundId
from vivr.refunds import store
from vivr.refunds.model import STAFF, Refund, RefundTerms, Wish, judge_acceptance
from vivr.refunds.move_refund import release
from vivr.refunds.submit_refund import lock_all, plan_for, reserve_refund, send_refund
from vivr.sealing import Seals
from vivr.stripe_gateway.gateway import Stripe


async def accept_refund(
    database: Database,
    stripe: Stripe,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: RefundTerms,
    refund_id: RefundId,
) -> Refund:
    """Make a requested refund; above the limit the first word is kept, and the second one makes it.

    Raises:
        NotFound: there is no such refund.
        Forbidden: this role may not; ``refund_needs_approver``: the second word is an approver's.
        Conflict: ``refund_already_decided``, ``refund_needs_another`` (the same person again), ``refund_changed``
            (another sum than was asked for is left), or what ``request_refund`` refuses.
        Refusal: ``refund_refused`` by Stripe.
    """
    async with database.transaction("accept_refund") as tx:
        _, payment, refund = await lock_all(tx, refund_id)
        judgement = judge_acceptance(refund, payment, caller.actor, caller.role, terms)
        if isinstance(judgement, VivrError):
            raise judgement
        plan = await plan_for(tx, payment, Wish.from_json(refund.wish))
        if isinstance(plan, VivrError):
            raise plan
        if plan.amount != refund.amount:
            raise Conflict("refund_changed", refund=refund.id)
        if not judgement:
            backed = await store.back_refund(tx, refund.id, caller.actor, clock.now())
            await record_act(
                tx, caller, clock.now(), "refund.backed", on=("refund", refund.id), order_id=refund.order_id
            )
            assert backed is not None
            return backed
        _, operation = await reserve_refund(tx, clock, seals, caller, terms, payment, refund, plan)
    return await send_refund(database, stripe, clock, seals, caller, operation)


async def decline_refund(database: Database, clock: Clock, caller: Caller, refund_id: RefundId) -> Refund:
    """End a requested refund; no money moves.

    Raises:
        NotFound: there is no such refund.
        Forbidden: this role may not.
        Conflict: ``refund_already_decided``.
    """
    if caller.role not in STAFF:
        raise Forbidden
    async with database.transaction("decline_refund") as tx:
        _, payment, refund = await lock_all(tx, refund_id)
        declined = await release(tx, caller, clock.now(), payment, refund, "declined")
        if declined is None:
            raise Conflict("refund_already_decided", refund=refund.id)
        return declined
