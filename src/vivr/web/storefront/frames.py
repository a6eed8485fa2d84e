"""The frame of a shop page: what the visitor's session adds to it."""

from vivr.cart.read_cart import cart_units
from vivr.web.rendering import PageFrame, frame_of
from vivr.web.sessions import session_of
from vivr.web.visit import Visit


async def read_frame(visit: Visit, *, query: str = "") -> PageFrame:
    """The frame with the number of units in the visitor's basket; ``query`` is kept when the language changes."""
    session = await session_of(visit)
    if session is None:
        return frame_of(visit, query=query)
    async with visit.shop.database.transaction("cart_units") as tx:
        units = await cart_units(tx, session.principal)
    return frame_of(visit, cart_units=units, query=query)
