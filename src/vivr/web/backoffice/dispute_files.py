"""``/admin/litiges/{id}/pieces/{slot}``: one file of the evidence, looked at, replaced by staff's own, or removed."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.disputes.attach_file import remove_file, show_file
from vivr.disputes.model import Slot
from vivr.errors import NotFound, VivrError
from vivr.ids import DisputeId
from vivr.web.backoffice.disputes import render_dispute
from vivr.web.backoffice.staff_pages import for_staff
from vivr.web.errors import show_error
from vivr.web.forms import check_form_token, read_form, read_upload_form
from vivr.web.rendering import localise_path
from vivr.web.sessions import acting_caller
from vivr.web.visit import Visit

_SLOTS: Final = {slot.value: slot for slot in Slot}


@for_staff
async def download(request: Request, visit: Visit) -> Response:
    """The file as the bank would get it."""
    dispute_id, slot, shop = *_place(request), visit.shop
    found = await show_file(shop.database, shop.seals, shop.sender, dispute_id, slot)
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"', "Cache-Control": "no-store"}
    return Response(found.content, media_type=found.kind.media_type, headers=headers)


@for_staff
async def attach(request: Request, visit: Visit) -> Response:
    """A file of staff's own takes the place."""
    form, content = await read_upload_form(request)
    await check_form_token(visit, form)
    dispute_id, slot = _place(request)
    caller = await acting_caller(visit)
    try:
        await visit.shop.attach_file(caller, dispute_id, slot, content)
    except NotFound:
        raise
    except VivrError as error:
        return await _refused(visit, dispute_id, error)
    return _back(visit, dispute_id)


@for_staff
async def remove(request: Request, visit: Visit) -> Response:
    """Staff's own file is taken away."""
    await check_form_token(visit, await read_form(request))
    dispute_id, slot = _place(request)
    shop, caller = visit.shop, await acting_caller(visit)
    try:
        await remove_file(shop.database, shop.clock, caller, dispute_id, slot)
    except NotFound:
        raise
    except VivrError as error:
        return await _refused(visit, dispute_id, error)
    return _back(visit, dispute_id)


def _place(request: Request) -> tuple[DisputeId, Slot]:
    slot = _SLOTS.get(request.path_params["slot"])
    if slot is None:
        raise NotFound("evidence_file_not_found")
    return DisputeId(request.path_params["dispute_id"]), slot


async def _refused(visit: Visit, dispute_id: DisputeId, error: VivrError) -> Response:
    shown = show_error(visit, error)
    return await render_dispute(visit, dispute_id, problem=shown.sentence, status=shown.status)


def _back(visit: Visit, dispute_id: DisputeId) -> Response:
    return RedirectResponse(localise_path(f"/admin/litiges/{dispute_id}", visit.locale), 303)
