"""Keep balance transactions as Stripe listed them, each once."""

from collections.abc import Sequence
from datetime import UTC, datetime

from vivr.database import Tx
from vivr.operations.model import StripeScope
from vivr.reconciliation import store
from vivr.reconciliation.model import PATIENCE, Movement, MovementState, counterpart_of, foreign_reason
from vivr.stripe_gateway.objects import BalanceSource, BalanceTransaction


async def keep_movements(
    tx: Tx,
    scope: StripeScope,
    now: datetime,
    listed: Sequence[BalanceTransaction],
    *,
    intent_id: str | None = None,
    payout_id: str | None = None,
) -> None:
    """Keep what was listed.

    Args:
        tx: the transaction that says how far the list was read, or that applies an event.
        scope: whose balance it is.
        now: when it was seen.
        listed: Stripe's word.
        intent_id: the PaymentIntent behind it, where the list does not say so.
        payout_id: the payout that it is part of, where the list was one of a payout.
    """
    await store.keep(tx, [_movement(scope, now, one, intent_id, payout_id) for one in listed])


def _movement(
    scope: StripeScope, now: datetime, listed: BalanceTransaction, intent_id: str | None, payout_id: str | None
) -> Movement:
    source = listed.source if isinstance(listed.source, BalanceSource) else None
    intent = source.payment_intent if source else intent_id
    reason = foreign_reason(listed.type, listed.reporting_category, intent)
    return Movement(
        account=scope.account,
        livemode=scope.livemode,
        id=listed.id,
        type=listed.type,
        reporting_category=listed.reporting_category,
        source_id=source.id if source else listed.source if isinstance(listed.source, str) else None,
        intent_id=intent,
        counterpart=counterpart_of(listed.type, listed.reporting_category),
        currency=listed.currency.upper(),
        amount_minor=listed.amount,
        fee_minor=listed.fee,
        net_minor=listed.net,
        exchange_rate=listed.exchange_rate,
        payout_id=payout_id,
        state=MovementState.FOREIGN if reason else MovementState.WAITING,
        reason=reason,
        created_at=datetime.fromtimestamp(listed.created, UTC),
        seen_at=now,
        ask_at=now + PATIENCE,
    )
