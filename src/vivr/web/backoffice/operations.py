"""``/admin/operations``: every write at Stripe, those whose outcome nobody knows first."""

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from vivr.errors import NotFound
from vivr.operations.model import OperationKind, Outcome, outlook_of
from vivr.operations.read_operations import find_operation, newest_operations, unsettled_operations
from vivr.stripe_gateway.requests import encoder_fingerprint
from vivr.timeline import order_timeline
from vivr.web.backoffice.staff_pages import for_staff, render_staff_page
from vivr.web.visit import Visit

_SHOWN: Final = 50


@for_staff
async def list_operations(request: Request, visit: Visit) -> Response:
    """What is unsettled, then the newest operations, of one kind and outcome if asked for, before ``?before=``."""
    wished = {name: request.query_params.get(name, "") for name in ("outcome", "kind", "before")}
    outcome = Outcome(wished["outcome"]) if wished["outcome"] in list(Outcome) else None
    kind = OperationKind(wished["kind"]) if wished["kind"] in list(OperationKind) else None
    before = wished["before"] or None
    is_first_page = outcome is None and kind is None and before is None
    async with visit.shop.database.transaction("list_operations") as tx:
        unsettled = await unsettled_operations(tx, limit=_SHOWN) if is_first_page else []
        # One more tells whether there are older ones.
        operations = await newest_operations(tx, outcome=outcome, kind=kind, before=before, limit=_SHOWN + 1)
    filters = {name: value for name, value in (("outcome", outcome), ("kind", kind)) if value}
    shown = operations[:_SHOWN]
    return render_staff_page(
        visit,
        "backoffice/operations.html",
        query=urlencode(filters),
        unsettled=unsettled,
        operations=shown,
        outcome=outcome,
        outcomes=list(Outcome),
        kind=kind,
        kinds=list(OperationKind),
        older=urlencode(filters | {"before": shown[-1].id}) if len(operations) > _SHOWN else None,
    )


@for_staff
async def show_operation(request: Request, visit: Visit) -> Response:
    """One operation: what was asked, what is known of it, what happens next, and what happened around it."""
    async with visit.shop.database.transaction("show_operation") as tx:
        operation = await find_operation(tx, request.path_params["operation_id"])
        if operation is None:
            raise NotFound("not_found")
        timeline = await order_timeline(tx, operation.order_id) if operation.order_id else []
    return render_staff_page(
        visit,
        "backoffice/operation.html",
        operation=operation,
        outlook=outlook_of(operation, encoder=encoder_fingerprint(), now=visit.shop.clock.now()),
        timeline=timeline,
    )
