"""``/admin/litiges`` and ``/admin/litiges/{id}``: what banks dispute, the answer to it, and doubts about payments."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.disputes.answer_dispute import draft_of
from vivr.disputes.attach_file import files_of
from vivr.disputes.decide_flag import keep_payment
from vivr.disputes.gather_records import gather_records
from vivr.disputes.lock_answerable import submission_intent
from vivr.disputes.model import WRITABLE, Slot, check_answerable, leave_out_field, texts_in
from vivr.disputes.packet import documents_of, texts_of
from vivr.disputes.read_disputes import all_disputes, find_dispute, open_flags
from vivr.errors import InvalidInput, NotFound, VivrError
from vivr.ids import DisputeId, FlagId, OrderId
from vivr.operations.run_operation import last_attempt
from vivr.orders.hold_order import release_hold
from vivr.web.backoffice.orders import render_order
from vivr.web.backoffice.staff_pages import for_staff, render_staff_page
from vivr.web.errors import show_error
from vivr.web.forms import check_form_token, read_form
from vivr.web.rendering import localise_path
from vivr.web.sessions import acting_caller
from vivr.web.storefront.form_parts import ShownForm
from vivr.web.visit import Visit

_LIST: Final = "/admin/litiges"


@for_staff
async def list_disputes(request: Request, visit: Visit) -> Response:
    """Doubts that wait for a word, and all disputes, the nearest deadline first."""
    del request
    return await _render_list(visit)


@for_staff
async def show_dispute(request: Request, visit: Visit) -> Response:
    """One dispute: its deadline, and the evidence as it would be sent."""
    return await render_dispute(visit, request.path_params["dispute_id"])


@for_staff
async def answer(request: Request, visit: Visit) -> Response:
    """Save the evidence, send it to the bank, or accept the dispute: the button that was pressed says which."""
    form = await read_form(request)
    await check_form_token(visit, form)
    dispute_id = DisputeId(request.path_params["dispute_id"])
    caller = await acting_caller(visit)
    try:
        if form.get("act") == "accept":
            await visit.shop.accept_dispute(caller, dispute_id)
        else:
            await visit.shop.save_evidence(caller, dispute_id, form, submit=form.get("act") == "submit")
    except NotFound:
        raise
    except VivrError as error:
        errors = error.fields if isinstance(error, InvalidInput) else {}
        shown = show_error(visit, error)
        kept = (*WRITABLE, *(leave_out_field(slot) for slot in Slot))
        written = ShownForm({name: form.get(name, "") for name in kept}, errors)
        return await render_dispute(visit, dispute_id, form=written, problem=shown.sentence, status=shown.status)
    return RedirectResponse(localise_path(f"{_LIST}/{dispute_id}", visit.locale), 303)


@for_staff
async def refund_warned(request: Request, visit: Visit) -> Response:
    """Refund a payment that is in doubt."""
    return await _decide(request, visit, refunds=True)


@for_staff
async def keep_warned(request: Request, visit: Visit) -> Response:
    """Keep a payment that is in doubt, and release its order."""
    return await _decide(request, visit, refunds=False)


@for_staff
async def lift_hold(request: Request, visit: Visit) -> Response:
    """Staff's word that what holds an order holds it no more."""
    form = await read_form(request)
    await check_form_token(visit, form)
    order_id = OrderId(request.path_params["order_id"])
    shop, caller = visit.shop, await acting_caller(visit)
    try:
        await release_hold(shop.database, shop.clock, caller, order_id, form.get("object", ""))
    except NotFound:
        raise
    except VivrError as error:
        shown = show_error(visit, error)
        return await render_order(visit, order_id, problem=shown.sentence, status=shown.status)
    return RedirectResponse(localise_path(f"/admin/commandes/{order_id}", visit.locale), 303)


async def _decide(request: Request, visit: Visit, *, refunds: bool) -> Response:
    await check_form_token(visit, await read_form(request))
    flag_id, shop, caller = FlagId(request.path_params["flag_id"]), visit.shop, await acting_caller(visit)
    try:
        if refunds:
            await shop.refund_flagged(caller, flag_id)
        else:
            await keep_payment(shop.database, shop.clock, caller, flag_id)
    except NotFound:
        raise
    except VivrError as error:
        shown = show_error(visit, error)
        return await _render_list(visit, problem=shown.sentence, status=shown.status)
    return RedirectResponse(localise_path(_LIST, visit.locale), 303)


async def _render_list(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    async with visit.shop.database.transaction("list_disputes") as tx:
        flags, disputes = await open_flags(tx), await all_disputes(tx)
    now = visit.shop.clock.now()
    return render_staff_page(
        visit,
        "backoffice/disputes.html",
        status=status,
        flags=flags,
        disputes=disputes,
        now=now,
        problem=problem,
    )


async def render_dispute(
    visit: Visit, dispute_id: str, *, form: ShownForm | None = None, problem: str = "", status: int = 200
) -> Response:
    """The page of one dispute, with what was wrong about the last try."""
    seals = visit.shop.seals
    async with visit.shop.database.transaction("show_dispute") as tx:
        dispute = await find_dispute(tx, dispute_id)
        if dispute is None:
            raise NotFound("dispute_not_found")
        records = await gather_records(tx, seals, dispute)
        written = await draft_of(tx, seals, dispute.id)
        files = await files_of(tx, dispute.id)
        sending = await last_attempt(tx, dispute.scope, submission_intent(dispute.id))
    composed = texts_of(records) if records else {}
    documents = documents_of(records, texts_in(written), visit.shop.sender) if records else []
    return render_staff_page(
        visit,
        "backoffice/dispute.html",
        status=status,
        dispute=dispute,
        now=visit.shop.clock.now(),
        records={name: text for name, text in composed.items() if name not in WRITABLE},
        form=form or ShownForm(composed | written),
        slots=[(slot, files.get(slot), leave_out_field(slot)) for slot in Slot],
        composed={document.slot for document in documents},
        is_answerable=check_answerable(dispute) is None,
        sending=sending if sending is not None and not sending.is_settled else None,
        problem=problem,
    )
