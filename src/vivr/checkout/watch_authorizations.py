"""Authorised money lapses after a week: warn staff in good time, then do what the shop's policy says.

Stripe releases by itself what nobody captured; the finalizer then cancels the order. This step is what happens before.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from vivr.caller import Caller
from vivr.checkout.close_checkout import cancel_order
from vivr.clock import Clock
from vivr.database import Database
from vivr.errors import VivrError
from vivr.ids import OrderId
from vivr.payments.capture_payment import CaptureRequest, capture_payment
from vivr.payments.lapsing_payments import claim_lapsing, warn_of_lapses
from vivr.sealing import Seals
from vivr.settings import LapsePolicy
from vivr.stripe_gateway.gateway import Stripe

_log: Final = structlog.stdlib.get_logger("vivr.checkout")


@dataclass(frozen=True, slots=True)
class LapseTerms:
    """What the merchant has decided about authorised money that nobody captures.

    Attributes:
        policy: what is done by itself.
        warning: how long before the lapse staff is warned.
        lead: how long before the lapse the policy acts.
    """

    policy: LapsePolicy
    warning: timedelta
    lead: timedelta


async def watch_authorizations(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, terms: LapseTerms
) -> int:
    """Warn of what lapses soon, then act on it; how many warnings and acts.

    What can't be done now, because of a hold or because Stripe is away, is tried again until it lapses.
    """
    done = await warn_of_lapses(database, clock, terms.warning)
    if terms.policy is LapsePolicy.WARN:
        return done
    while True:
        async with database.transaction("claim_lapsing") as tx:
            order_id = await claim_lapsing(tx, clock.now(), terms.lead)
        if order_id is None:
            return done
        try:
            await _act(database, stripe, clock, seals, caller, terms, order_id)
        except VivrError as error:
            _log.warning("authorization.not_ended", order=order_id, policy=terms.policy, code=error.code)
        else:
            done += 1


async def _act(
    database: Database, stripe: Stripe, clock: Clock, seals: Seals, caller: Caller, terms: LapseTerms, order_id: OrderId
) -> None:
    if terms.policy is LapsePolicy.CAPTURE:
        await capture_payment(database, stripe, clock, seals, caller, CaptureRequest(order_id))
    else:
        await cancel_order(database, stripe, clock, seals, caller, order_id, reason="authorization_not_captured")
