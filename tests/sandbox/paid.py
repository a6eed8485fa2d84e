"""Payments made in one line, and looks at what came of them, for the tests of what happens afterwards."""

from typing import Any

from sandbox.harness import Shop

DAY_S = 24 * 3600


def pay(shop: Shop, method: str = "pm_card_visa", amount: int = 3000, **form: str) -> dict[str, Any]:
    """A captured payment by a test name (a debit is settled); gives its charge as it then is."""
    wish = {"amount": str(amount), "currency": "eur", "confirm": "true", "payment_method": method}
    wish |= {"return_url": "https://shop.example/back", **form}
    intent = shop.http.post("/v1/payment_intents", data=wish).json()
    if intent["status"] == "processing":
        intent = shop.control("POST", f"bank/{intent['id']}/settle")
    return raw(shop, f"charges/{intent['latest_charge']}")


def raw(shop: Shop, path: str) -> dict[str, Any]:
    """A GET as it comes."""
    return shop.http.get(f"/v1/{path}").json()


def send(shop: Shop, path: str, **form: str) -> dict[str, Any]:
    """A POST that must succeed."""
    answer = shop.http.post(f"/v1/{path}", data=form)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(shop: Shop, path: str, **form: str) -> tuple[int, str | None, str | None, str]:
    """Status, code, param and message of a POST that must be refused."""
    answer = shop.http.post(f"/v1/{path}", data=form)
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    return answer.status_code, error.get("code"), error.get("param"), error["message"]


def later(shop: Shop, seconds: float) -> None:
    """Time passes."""
    shop.control("POST", "clock", {"advance_s": seconds})


def told(shop: Shop, name: str) -> list[dict[str, Any]]:
    """The data of the events of a type, newest first."""
    return [event["data"] for event in raw(shop, f"events?type={name}&limit=100")["data"]]
