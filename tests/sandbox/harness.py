"""What the tests hold in their hands.

The server in a thread, the webhook receiver, and a shop with the official client.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import stripe

from stripe_sandbox import Options
from stripe_sandbox.in_thread import InThread

VERSION = "2026-05-27.dahlia"
WAIT_S = 40.0


class ServerThread(InThread):
    """The sandbox on a free port, in a thread of its own."""

    def __init__(self, data: Path, options: Options, seed: int | None = 1) -> None:
        super().__init__(data=data, options=options, seed=seed)


@dataclass
class Received:
    """One webhook as it arrived."""

    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> dict[str, Any]:
        """The event in the body."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """A webhook endpoint; it answers with the statuses in `answers` first, then with 200."""

    url: str = ""
    got: list[Received] = field(default_factory=list[Received])
    answers: list[int] = field(default_factory=list[int])
    pause_s: float = 0.0

    def types(self) -> list[str]:
        """The event types that came, in their order."""
        return [received.event["type"] for received in self.got]

    def wait_for(self, name: str, count: int = 1) -> list[Received]:
        """Waits until `count` deliveries of this type have come."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            found = [received for received in self.got if received.event["type"] == name]
            if len(found) >= count:
                return found
            time.sleep(0.01)
        raise AssertionError(f"{name} did not come {count} times, only {self.types()}")


@dataclass
class Shop:
    """One test's account: the official client, raw HTTP, and the buyer's browser."""

    key: str
    url: str
    client: stripe.StripeClient
    http: httpx.Client

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A control call that must succeed."""
        response = self.http.request(method, f"/_sandbox/{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def session(self, amount: int = 2599, **more: Any) -> stripe.checkout.Session:
        """An open Checkout Session of one line."""
        params: dict[str, Any] = {
            "mode": "payment",
            "line_items": [
                {
                    "price_data": {"currency": "eur", "unit_amount": amount, "product_data": {"name": "Bol"}},
                    "quantity": 1,
                }
            ],
            "success_url": "http://127.0.0.1:9/ok?session_id={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1:9/basket",
            "customer_email": "buyer@example.com",
            **more,
        }
        return self.client.v1.checkout.sessions.create(params=params)  # pyright: ignore[reportArgumentType]

    def pay(self, session: stripe.checkout.Session, number: str = "4242424242424242", **fields: str) -> httpx.Response:
        """The buyer fills in the form and presses Pay."""
        form = {"number": number, "expiry": "12 / 34", "cvc": "123", "name": "Anna Buyer", **fields}
        return self.http.post(f"/c/pay/{session.id}", data=form)

    def fetch(self, session_id: str) -> stripe.checkout.Session:
        """The session with its PaymentIntent."""
        return self.client.v1.checkout.sessions.retrieve(session_id, params={"expand": ["payment_intent"]})

    def events(self) -> list[str]:
        """All event types of the account, oldest first."""
        listed = self.client.v1.events.list(params={"limit": 100})
        return [event.type for event in reversed(listed.data)]
