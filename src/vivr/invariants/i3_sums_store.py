"""I3: what goes back never passes what came, of a payment and of each line; a double loss is told."""

from typing import Final

from vivr.database import Sql
from vivr.invariants.invariant import Invariant

_WITHIN_CAPTURED = Sql(
    "check_refunds_within_captured",
    "Refunded and reserved sums never pass what was captured.",
    """
    SELECT id AS object_id, order_id, concat('captured=', captured_minor, ' refunded=', refunded_minor,
                                             ' pending=', refund_pending_minor) AS detail
    FROM payment WHERE refunded_minor + refund_pending_minor > captured_minor
    """,
)

_SUMS_OF_REFUNDS = Sql(
    "check_sums_of_refunds",
    "A payment's sums are those of its refunds.",
    """
    SELECT payment.id AS object_id, payment.order_id,
           concat('refunded=', refunded_minor, ' pending=', refund_pending_minor) AS detail
    FROM payment LEFT JOIN refund ON payment_id = payment.id
    GROUP BY payment.id
    HAVING refunded_minor <> coalesce(sum(refund.amount_minor) FILTER (WHERE refund.state = 'SUCCEEDED'), 0)
        OR refund_pending_minor <>
            coalesce(sum(refund.amount_minor) FILTER (WHERE refund.state IN ('SUBMITTED', 'PENDING')), 0)
    """,
)

_SUMS_OF_DISPUTES = Sql(
    "check_sums_of_disputes",
    "A payment's disputed and lost sums are those of its disputes; an inquiry that took nothing holds nothing.",
    """
    SELECT payment.id AS object_id, payment.order_id,
           concat('disputed=', disputed_minor, ' lost=', lost_minor) AS detail
    FROM payment LEFT JOIN dispute ON payment_id = payment.id
    GROUP BY payment.id
    HAVING lost_minor <> coalesce(sum(CASE WHEN is_reinstated THEN kept_minor WHEN dispute.state = 'lost'
                                           THEN dispute.amount_minor END), 0)
        OR disputed_minor <> coalesce(sum(dispute.amount_minor) FILTER (WHERE dispute.state <> 'lost'
            AND NOT is_reinstated AND (is_withdrawn OR dispute.state NOT IN
                ('won', 'prevented', 'warning_needs_response', 'warning_under_review', 'warning_closed'))), 0)
    """,
)

_SUMS_OF_LINES = Sql(
    "check_sums_of_lines",
    "A line's sums are those of its refunds.",
    """
    SELECT concat(summed.order_id, '/', summed.position) AS object_id, summed.order_id,
           concat('amount=', summed.amount_minor, ' tax=', summed.tax_minor, ' quantity=', summed.quantity,
                  ' restocked=', summed.restocked_quantity) AS detail
    FROM refunded_line AS summed
    LEFT JOIN refund_line AS part USING (order_id, position)
    LEFT JOIN refund ON refund.id = refund_id
    GROUP BY summed.order_id, summed.position
    HAVING (summed.amount_minor, summed.tax_minor, summed.quantity) IS DISTINCT FROM
        (coalesce(sum(part.amount_minor) FILTER (WHERE refund.state IN ('SUBMITTED', 'PENDING', 'SUCCEEDED')), 0),
         coalesce(sum(part.tax_minor) FILTER (WHERE refund.state IN ('SUBMITTED', 'PENDING', 'SUCCEEDED')), 0),
         coalesce(sum(part.quantity) FILTER (WHERE refund.state IN ('SUBMITTED', 'PENDING', 'SUCCEEDED')), 0))
    OR summed.restocked_quantity <>
        coalesce(sum(part.restock_quantity)
            FILTER (WHERE refund.stripe_id IS NOT NULL OR refund.state = 'SUBMITTED'), 0)
    """,
)

_LINES_ADD_UP = Sql(
    "check_refund_lines_add_up",
    "The lines of a settling payment's refund add up to it.",
    """
    SELECT refund.id AS object_id, refund.order_id, concat('refund=', refund.amount_minor) AS detail
    FROM refund JOIN payment ON payment.id = payment_id AND settles
    WHERE refund.state IN ('SUBMITTED', 'PENDING', 'SUCCEEDED')
      AND refund.amount_minor <> (SELECT coalesce(sum(part.amount_minor), 0) FROM refund_line AS part
        WHERE refund_id = refund.id)
    """,
)

_DOUBLE_LOSS = Sql(
    "check_double_loss_told",
    "Money that was both refunded and lost is told as exactly one double loss.",
    """
    SELECT payment.id AS object_id, payment.order_id,
           concat('captured=', captured_minor, ' refunded=', refunded_minor, ' lost=', lost_minor,
                  ' double_losses=', told) AS detail
    FROM payment CROSS JOIN LATERAL (
        SELECT count(*) AS told FROM money_exception
        WHERE money_exception.payment_id = payment.id AND money_exception.kind = 'double_loss') AS exceptions
    WHERE lost_minor > 0 AND refunded_minor + lost_minor > captured_minor AND told <> 1
    """,
)

INVARIANT: Final = Invariant(
    "I3",
    "What goes back never passes what was captured; what is lost on top is told once.",
    (_WITHIN_CAPTURED, _SUMS_OF_REFUNDS, _SUMS_OF_DISPUTES, _SUMS_OF_LINES, _LINES_ADD_UP, _DOUBLE_LOSS),
)
