"""``/api/stripe/checkout``."""

from fastapi import APIRouter

from vivr.web.api.envelope import JsonRoute

router = APIRouter(prefix="/api/stripe", tags=["checkout"], route_class=JsonRoute)
