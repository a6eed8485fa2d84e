"""Stripe's API as the suite speaks it: plain HTTP, so that no client library stands between a case and the answer."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

Doc = dict[str, Any]
Form = Mapping[str, str]

VERSION: Final = "2026-05-27.dahlia"
EVENT_WAIT_S: Final = 20.0
ITEM: Final = "line_items[0][price_data]"
INTENT: Final[Form] = {"amount": "2599", "currency": "eur", "payment_method_types[]": "card"}
SESSION: Final[Form] = {
    "mode": "payment",
    "success_url": "https://shop.example/ok",
    f"{ITEM}[currency]": "eur",
    f"{ITEM}[unit_amount]": "2599",
    f"{ITEM}[product_data][name]": "Bol",
    "line_items[0][quantity]": "1",
}
ENDPOINT: Final[Form] = {"url": "https://shop.example/hook", "enabled_events[]": "charge.failed"}


@dataclass(frozen=True)
class Remote:
    """One account."""

    http: httpx.Client
    key: str

    def call(
        self, method: str, path: str, form: Form | None = None, *, key: str | None = None, version: str = VERSION
    ) -> httpx.Response:
        """One call to ``/v1/<path>``; ``key`` is its idempotency key."""
        headers = {"Authorization": f"Bearer {self.key}", "Stripe-Version": version}
        if key is not None:
            headers["Idempotency-Key"] = key
        data = dict(form) if form is not None and method == "POST" else None
        query = dict(form) if form is not None and method != "POST" else None
        return self.http.request(method, f"/v1/{path}", data=data, params=query, headers=headers)

    def post(self, path: str, form: Form | None = None, *, key: str | None = None) -> Doc:
        """A write that must succeed."""
        response = self.call("POST", path, form or {}, key=key)
        assert response.status_code == 200, response.text
        return response.json()

    def get(self, path: str, query: Form | None = None) -> Doc:
        """A read that must succeed."""
        response = self.call("GET", path, query)
        assert response.status_code == 200, response.text
        return response.json()

    def refusal(self, path: str, form: Form, status: int = 400, *, version: str = VERSION) -> Doc:
        """The error of a POST that must be refused."""
        response = self.call("POST", path, form, version=version)
        assert response.status_code == status, response.text
        assert response.headers["Request-Id"].startswith("req_")
        return response.json()["error"]

    def intent(self, method: str | None = "pm_card_visa", **more: str) -> Doc:
        """A PaymentIntent, confirmed with a test payment method unless that is None."""
        confirmed = {} if method is None else {"payment_method": method, "confirm": "true"}
        return self.post("payment_intents", {**INTENT, **confirmed, **more})

    def intent_that_is(self, status: str) -> Doc:
        """A PaymentIntent in this state."""
        match status:
            case "requires_payment_method":
                made = self.intent(None)
            case "requires_confirmation":
                made = self.intent(None, payment_method="pm_card_visa")
            case "requires_action":
                made = self.intent("pm_card_authenticationRequired", return_url="https://shop.example/back")
            case "requires_capture":
                made = self.intent(capture_method="manual")
            case "canceled":
                made = self.post(f"payment_intents/{self.intent(None)['id']}/cancel")
            case _:
                made = self.intent()
        assert made["status"] == status
        return made

    def events_about(self, *object_ids: str, least: int) -> list[str]:
        """The types of the events on these objects, oldest first; they may take a moment to be listed."""
        deadline = time.monotonic() + EVENT_WAIT_S
        while True:
            listed = self.get("events", {"limit": "100"})["data"]
            found = [event["type"] for event in reversed(listed) if event["data"]["object"]["id"] in object_ids]
            if len(found) >= least or time.monotonic() > deadline:
                return found
            time.sleep(0.2)
