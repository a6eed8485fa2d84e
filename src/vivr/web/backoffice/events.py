"""``/admin/evenements``: what Stripe sent, why each event did what it did, and staff's word on it."""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from vivr.errors import NotFound, VivrError
from vivr.operations.model import StripeScope
from vivr.web.backoffice.staff_pages import for_staff, render_staff_page
from vivr.web.errors import show_error
from vivr.web.forms import check_form_token, read_form
from vivr.web.rendering import localise_path
from vivr.web.sessions import acting_caller, caller_of
from vivr.web.visit import Visit
from vivr.webhooks.model import EventState, InboxEvent, may_change_events
from vivr.webhooks.read_inbox import InboxPage, inbox_health, newest_events
from vivr.webhooks.replay_event import Preview, find_event, ignore_event, preview_event, replay_dead, replay_event

_SHOWN: Final = 50
_REASON_MAX: Final = 300


@for_staff
async def list_events(request: Request, visit: Visit) -> Response:
    """The newest events, of one state and type if asked for, and those before ``?before=``."""
    wished = {name: request.query_params.get(name, "") for name in ("state", "type", "before")}
    state = EventState(wished["state"]) if wished["state"] in EventState.__members__ else None
    page = InboxPage(state, wished["type"] or None, _read_place(wished["before"]), _SHOWN + 1)
    async with visit.shop.database.transaction("list_events") as tx:
        # One more tells whether there are older ones.
        events = await newest_events(tx, page)
        health = await inbox_health(tx)
    filters = {name: value for name, value in (("state", state), ("type", page.type)) if value}
    shown = events[:_SHOWN]
    return render_staff_page(
        visit,
        "backoffice/events.html",
        query=urlencode(filters),
        events=shown,
        health=health,
        state=state,
        states=list(EventState),
        type=page.type or "",
        older=urlencode(filters | {"before": _place_of(shown[-1])}) if len(events) > _SHOWN else None,
        may_change=may_change_events((await caller_of(visit)).role, all_at_once=True),
    )


@for_staff
async def show_event(request: Request, visit: Visit) -> Response:
    """One event: what came of it, and why."""
    return await _render(visit, await _event_of(request, visit))


@for_staff
async def try_event(request: Request, visit: Visit) -> Response:
    """What processing it now would do; nothing of it is kept."""
    await check_form_token(visit, await read_form(request))
    event, shop = await _event_of(request, visit), visit.shop
    try:
        caller = await acting_caller(visit)
        preview = await preview_event(shop.database, shop.stripe, shop.clock, caller, shop.settings.shop_id, event)
    except VivrError as error:
        return await _render(visit, event, error)
    return await _render(visit, event, preview=preview)


@for_staff
async def replay(request: Request, visit: Visit) -> Response:
    """Let the worker process it again."""
    await check_form_token(visit, await read_form(request))
    event, shop = await _event_of(request, visit), visit.shop
    try:
        await replay_event(shop.database, shop.clock, await acting_caller(visit), event)
    except VivrError as error:
        return await _render(visit, event, error)
    return RedirectResponse(_page_of(visit, event), 303)


@for_staff
async def ignore(request: Request, visit: Visit) -> Response:
    """End it without processing it, with a reason."""
    form = await read_form(request)
    await check_form_token(visit, form)
    event, shop = await _event_of(request, visit), visit.shop
    reason = " ".join(form.get("reason", "").split())[:_REASON_MAX]
    try:
        await ignore_event(shop.database, shop.clock, await acting_caller(visit), event, reason)
    except VivrError as error:
        return await _render(visit, event, error)
    return RedirectResponse(_page_of(visit, event), 303)


@for_staff
async def replay_all_dead(request: Request, visit: Visit) -> Response:
    """Let the worker process all dead events again."""
    await check_form_token(visit, await read_form(request))
    await replay_dead(visit.shop.database, visit.shop.clock, await acting_caller(visit))
    return RedirectResponse(localise_path("/admin/evenements", visit.locale) + "?state=RETRYING", 303)


def _place_of(event: InboxEvent) -> str:
    return f"{event.received_at.isoformat()} {event.id}"


def _read_place(text: str) -> tuple[datetime, str] | None:
    """Where a page goes on; None: what nobody was given is the beginning."""
    at, _, event_id = text.partition(" ")
    try:
        parsed = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (parsed, event_id) if parsed.tzinfo is not None and event_id.isprintable() else None


async def _event_of(request: Request, visit: Visit) -> InboxEvent:
    given = request.path_params
    if given["mode"] not in {"live", "test"}:
        raise NotFound("event_not_found")
    scope = StripeScope(given["account"], livemode=given["mode"] == "live")
    return await find_event(visit.shop.database, scope, given["event_id"])


async def _render(
    visit: Visit, event: InboxEvent, error: VivrError | None = None, *, preview: Preview | None = None
) -> Response:
    shown = show_error(visit, error) if error else None
    answer = render_staff_page(
        visit,
        "backoffice/event.html",
        status=shown.status if shown else 200,
        event=event,
        preview=preview,
        problem=shown.sentence if shown else "",
        may_change=may_change_events((await caller_of(visit)).role),
    )
    if shown:
        answer.headers.update(shown.headers())
    return answer


def _page_of(visit: Visit, event: InboxEvent) -> str:
    return localise_path(f"/admin/evenements/{event.place}", visit.locale)
