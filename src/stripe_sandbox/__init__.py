"""A stateful local Stripe, driven by the official SDKs.

It has enough of the API, the hosted payment page and the webhooks for a purchase. It stands alone and moves no money.
`python -m stripe_sandbox` serves it; `build_app` gives the application for use in process.
"""

from stripe_sandbox.clock import Clock, ManualClock, SystemClock
from stripe_sandbox.options import Options
from stripe_sandbox.server import build_app
from stripe_sandbox.state.store import Store

__all__ = ["Clock", "ManualClock", "Options", "Store", "SystemClock", "build_app"]
