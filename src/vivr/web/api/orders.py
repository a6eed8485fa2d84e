"""``/api/orders``: filled in with the placing of orders."""

from fastapi import APIRouter

from vivr.web.api.envelope import JsonRoute

router = APIRouter(prefix="/api/orders", tags=["orders"], route_class=JsonRoute)
