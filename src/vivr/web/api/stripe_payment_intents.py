"""``/api/stripe/payment-intents``: for front ends that show their own payment form instead of Stripe's page."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from vivr.caller import Caller
from vivr.ids import OrderId
from vivr.web.api.answering import answer_once
from vivr.web.api.envelope import Json, JsonRoute, Success
from vivr.web.api.orders import KEY_PARAMETER
from vivr.web.order_access import find_own_order
from vivr.web.visit import visit_of

router = APIRouter(prefix="/api/stripe", tags=["checkout"], route_class=JsonRoute)


class IntentIn(Json):
    """An order that was placed."""

    order_id: str


class IntentOut(Json):
    """What the browser confirms with; ``publishableKey`` is null where the shop has none set."""

    payment_intent_id: str
    client_secret: str
    publishable_key: str | None
    order_id: str
    amount: int
    currency: str


@router.post(
    "/payment-intents",
    status_code=201,
    response_model=Success[IntentOut],
    summary="Get what an own payment form confirms",
    openapi_extra=KEY_PARAMETER,
)
async def payment_intent(request: Request, body: IntentIn) -> Response:
    """A repeat gives the same open PaymentIntent; one of Stripe's pages that is open for the order is closed first."""
    visit = visit_of(request)

    async def step(caller: Caller, _: OrderId) -> tuple[int, IntentOut]:
        order = await find_own_order(visit, body.order_id)
        link = await visit.shop.start_intent(caller, order.id)
        key = visit.shop.settings.stripe_publishable_key
        return 201, IntentOut(
            payment_intent_id=link.intent_id,
            client_secret=link.client_secret,
            publishable_key=key.reveal() if key else None,
            order_id=link.order_id,
            amount=link.amount.amount_minor,
            currency=link.amount.currency,
        )

    return await answer_once(request, "POST /api/stripe/payment-intents", step, makes_order=False)
