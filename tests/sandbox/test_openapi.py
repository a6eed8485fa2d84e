"""Stripe's own document judges every call of every test; here it is shown to catch what is broken on purpose."""

from dataclasses import replace
from typing import Any

import pytest

from sandbox.harness import Shop
from sandbox.openapi_judge import Exchange, coerced, the_judge

FORM = "application/x-www-form-urlencoded"
SESSION_BODY = (
    "mode=payment&success_url=http%3A%2F%2F127.0.0.1%2Fok&line_items[0][quantity]=1"
    "&line_items[0][price_data][currency]=eur&line_items[0][price_data][unit_amount]=2599"
    "&line_items[0][price_data][product_data][name]=Bol"
)


def exchange(shop: Shop, method: str, path: str, request: str = "") -> Exchange:
    """One real call, to be spoilt."""
    answer = shop.http.request(method, path, content=request, headers={"Content-Type": FORM})
    return Exchange(method, path, "", request, FORM, None, answer.status_code, answer.json())


def with_answer(real: Exchange, **changes: Any) -> Exchange:
    """The same call with other fields in its answer."""
    return replace(real, answer={**real.answer, **changes})


def without(real: Exchange, name: str) -> Exchange:
    """The same call with a field missing from its answer."""
    return replace(real, answer={key: value for key, value in real.answer.items() if key != name})


def test_the_document_is_the_one_the_sandbox_speaks() -> None:
    assert the_judge().document["version"] == "2026-05-27.dahlia"
    assert len(the_judge().document["operations"]) > 500


def test_a_broken_answer_is_caught(shop: Shop) -> None:
    real = exchange(shop, "POST", "/v1/checkout/sessions", SESSION_BODY)
    assert the_judge().complaints(real) == []
    for broken, complaint in (
        (with_answer(real, amount_total="2599"), 'amount_total: "2599" is not of types "null", "integer"'),
        (with_answer(real, status="done"), 'status: "done" is not one of "complete", "expired" or 2 other candidates'),
        (with_answer(real, colour="red"), "the whole: Additional properties are not allowed ('colour' was unexpected)"),
        (without(real, "livemode"), 'the whole: "livemode" is a required property'),
        (replace(real, answer='{"id": "cs_'), "the answer is no JSON object"),
        (replace(real, path="/v1/checkouts"), "Stripe has no such route"),
    ):
        assert the_judge().complaints(broken) == [f"{broken.name}: {complaint}"]


def test_a_broken_object_is_caught_at_any_depth(shop: Shop) -> None:
    shop.pay(shop.session())
    listed = exchange(shop, "GET", "/v1/charges")
    charges = listed.answer["data"]
    charges[0]["payment_method_details"]["card"]["last4"] = 4242
    assert the_judge().complaints(with_answer(listed, data=charges)) == [
        'GET /v1/charges (200): data.0.payment_method_details.card.last4: 4242 is not of types "null", "string"'
    ]
    events = exchange(shop, "GET", "/v1/events")
    told = events.answer["data"]
    assert told[0]["type"] == "checkout.session.completed"
    told[0]["data"]["object"]["payment_status"] = "maybe"
    (complaint,) = the_judge().complaints(with_answer(events, data=told))
    assert complaint.startswith('GET /v1/events (200): checkout.session.completed: payment_status: "maybe" is not one')


def test_a_broken_error_is_caught(shop: Shop) -> None:
    real = exchange(shop, "GET", "/v1/customers/cus_nobody")
    assert the_judge().complaints(real) == []
    error = {"type": "surprise", "message": "No such customer"}
    assert len(the_judge().complaints(with_answer(real, error=error))) == 1


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("&colour=red", "the whole: Additional properties are not allowed ('colour' was unexpected)"),
        (
            "&line_items[0][price_data][colour]=red",
            "line_items.0.price_data: Additional properties are not allowed ('colour' was unexpected)",
        ),
        ("&expires_at=soon", 'expires_at: "soon" is not of type "integer"'),
        ("&allow_promotion_codes=yes", 'allow_promotion_codes: "yes" is not of type "boolean"'),
        ("&customer_creation=maybe", 'customer_creation: "maybe" is not one of "always" or "if_required"'),
    ],
)
def test_an_illegal_request_that_was_carried_out_is_caught(shop: Shop, more: str, complaint: str) -> None:
    real = exchange(shop, "POST", "/v1/checkout/sessions", SESSION_BODY)
    assert the_judge().complaints(replace(real, request=SESSION_BODY + more)) == [
        f"POST /v1/checkout/sessions (200): carried out although {complaint}"
    ]


def test_a_legal_parameter_refused_as_unknown_is_caught(shop: Shop) -> None:
    real = exchange(shop, "POST", "/v1/customers", "colour=red")
    assert real.status == 400
    assert the_judge().complaints(real) == []
    assert the_judge().complaints(replace(real, request="email=anna%40example.com")) == [
        "POST /v1/customers (400): refused as unknown although the document declares every parameter"
    ]


def test_form_text_takes_the_declared_types() -> None:
    number: dict[str, Any] = {"type": "integer"}
    unset: dict[str, Any] = {"anyOf": [number, {"type": "string", "enum": [""]}]}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "count": unset,
            "words": {"type": "array", "items": {"type": "string"}},
            "yes": {"type": "boolean"},
        },
    }
    assert coerced({"count": "12", "words": {"1": "b", "0": "a"}, "yes": "true"}, schema) == {
        "count": 12,
        "words": ["a", "b"],
        "yes": True,
    }
    assert coerced({"count": "", "words": ["1"], "yes": "maybe"}, schema) == {
        "count": "",
        "words": ["1"],
        "yes": "maybe",
    }
