"""Lists, cursors, expansion, customers and refunds."""

import pytest
import stripe

from sandbox.harness import Shop


def test_a_list_is_newest_first_with_both_cursors(shop: Shop) -> None:
    ids = [shop.client.v1.customers.create(params={"name": f"C{n}"}).id for n in range(12)]
    newest_first = ids[::-1]
    listed = shop.client.v1.customers.list
    first = listed()
    assert [customer.id for customer in first.data] == newest_first[:10]
    assert (first.has_more, first.url, first["object"]) == (True, "/v1/customers", "list")
    after = listed(params={"starting_after": newest_first[9]})
    assert ([customer.id for customer in after.data], after.has_more) == (newest_first[10:], False)
    before = listed(params={"ending_before": newest_first[5], "limit": 3})
    assert ([customer.id for customer in before.data], before.has_more) == (newest_first[2:5], True)
    assert [customer.id for customer in listed(params={"limit": 5}).auto_paging_iter()] == newest_first
    backwards = listed(params={"ending_before": ids[0], "limit": 5}).auto_paging_iter()
    assert [customer.id for customer in backwards] == ids[1:]


@pytest.mark.parametrize(
    ("query", "code", "param", "words"),
    [
        ("limit=0", "parameter_invalid_integer", "limit", "greater than or equal to 1"),
        ("limit=101", "parameter_invalid_integer", "limit", "less than or equal to 100"),
        ("starting_after=cus_aaa", "resource_missing", "starting_after", "No such customer: 'cus_aaa'"),
        ("ending_before=cus_aaa", "resource_missing", "ending_before", "No such customer: 'cus_aaa'"),
        ("starting_after=a&ending_before=b", None, None, "Please pass in only one."),
        ("created[on]=1", "parameter_unknown", "created[on]", "created[on]"),
        ("email[]=x", None, "email", "Invalid"),
    ],
)
def test_a_bad_list_request_is_refused(shop: Shop, query: str, code: str | None, param: str | None, words: str) -> None:
    answer = shop.http.get(f"/v1/customers?{query}")
    error = answer.json()["error"]
    assert (answer.status_code, error.get("code"), error.get("param")) == (400, code, param)
    assert words in error["message"]


def test_expansion_reaches_four_levels(shop: Shop) -> None:
    session = shop.session()
    shop.pay(session)
    shop.control("POST", "clock", {"advance_s": 3})
    deep = shop.http.get(
        f"/v1/checkout/sessions/{session.id}?expand[]=payment_intent.latest_charge.balance_transaction.source"
    ).json()
    assert deep["payment_intent"]["latest_charge"]["balance_transaction"]["source"]["object"] == "charge"
    listed = shop.http.get("/v1/checkout/sessions?expand[]=data.payment_intent.payment_method").json()
    assert listed["data"][0]["payment_intent"]["payment_method"]["card"]["last4"] == "4242"
    charge = deep["payment_intent"]["latest_charge"]["id"]
    assert "refunds" not in shop.http.get(f"/v1/charges/{charge}").json()
    shop.client.v1.refunds.create(params={"charge": charge, "amount": 100})
    refunds = shop.http.get(f"/v1/charges/{charge}?expand[]=refunds").json()["refunds"]
    assert [refund["amount"] for refund in refunds["data"]] == [100]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nope", "This property cannot be expanded (nope)"),
        ("metadata.x", "This property cannot be expanded (metadata.x)"),
        ("payment_intent.latest_charge.payment_intent.customer.x", "cannot expand more than 4 levels"),
    ],
)
def test_what_cannot_be_expanded_is_refused(shop: Shop, path: str, words: str) -> None:
    session = shop.session()
    answer = shop.http.get(f"/v1/checkout/sessions/{session.id}?expand[]={path}")
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
    assert shop.http.get("/v1/customers?expand[]=nope").status_code == 400


def test_an_expansion_that_is_refused_leaves_nothing_behind(shop: Shop) -> None:
    answer = shop.http.post("/v1/customers", data={"name": "Anna", "expand[]": "nope"})
    assert answer.status_code == 400
    assert shop.client.v1.customers.list().data == []
    assert shop.events() == []


def test_a_customer_can_be_changed_and_deleted(shop: Shop) -> None:
    customers = shop.client.v1.customers
    customer = customers.create(
        params={"email": "a@example.com", "metadata": {"a": "1"}, "preferred_locales": ["fr"], "name": "Anna"}
    )
    changed = customers.update(customer.id, params={"name": "Berta", "metadata": {"b": "2"}, "email": ""})
    assert (changed.name, changed.email, changed.preferred_locales) == ("Berta", None, ["fr"])
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"a": "1", "b": "2"}
    updated = shop.http.get("/v1/events?type=customer.updated").json()["data"][0]
    assert updated["data"]["previous_attributes"] == {
        "name": "Anna",
        "metadata": {"a": "1"},
        "email": "a@example.com",
    }
    customers.update(customer.id, params={"name": "Berta"})
    assert shop.events() == ["customer.created", "customer.updated"]
    assert customers.delete(customer.id).deleted is True
    gone = shop.http.get(f"/v1/customers/{customer.id}")
    assert (gone.status_code, gone.json()) == (200, {"id": customer.id, "object": "customer", "deleted": True})
    assert customers.list().data == []
    assert shop.http.post(f"/v1/customers/{customer.id}").status_code == 404
    assert shop.http.delete(f"/v1/customers/{customer.id}").status_code == 404
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        shop.session(customer=customer.id, customer_email="")


def test_customers_are_found_by_email(shop: Shop) -> None:
    shop.client.v1.customers.create(params={"email": "a@example.com"})
    wanted = shop.client.v1.customers.create(params={"email": "b@example.com"})
    assert [found.id for found in shop.client.v1.customers.list(params={"email": "b@example.com"}).data] == [wanted.id]


def paid_charge(shop: Shop, amount: int = 3000) -> stripe.Charge:
    shop.pay(shop.session(amount=amount))
    return shop.client.v1.charges.list().data[0]


def test_a_refund_in_parts_ends_in_a_refunded_charge(shop: Shop) -> None:
    charge = paid_charge(shop)
    refunds = shop.client.v1.refunds
    part = refunds.create(params={"charge": charge.id, "amount": 1000, "metadata": {"r": "1"}, "reason": "duplicate"})
    assert (part.status, part.amount, part.payment_intent) == ("succeeded", 1000, charge.payment_intent)
    seen = shop.client.v1.charges.retrieve(charge.id)
    assert (seen.amount_refunded, seen.refunded) == (1000, False)
    rest = refunds.create(params={"payment_intent": str(charge.payment_intent)})
    assert rest.amount == 2000
    assert shop.client.v1.charges.retrieve(charge.id).refunded is True
    assert shop.events()[-4:] == ["refund.created", "charge.refunded", "refund.created", "charge.refunded"]
    assert [found.id for found in refunds.list(params={"charge": charge.id}).data] == [rest.id, part.id]
    assert refunds.update(part.id, params={"metadata": {"r": "2"}}).to_dict()["metadata"] == {"r": "2"}
    movement = shop.client.v1.balance_transactions.retrieve(str(part.balance_transaction))
    assert (movement.amount, movement.fee, movement.net, movement.type) == (-1000, 0, -1000, "refund")
    listed = shop.client.v1.balance_transactions.list(params={"source": part.id})
    assert [found.id for found in listed.data] == [movement.id]


@pytest.mark.parametrize(
    ("form", "code", "words"),
    [
        ({"amount": "3001"}, None, "Refund amount (€30.01) is greater than unrefunded amount on charge (€30.00)"),
        ({"charge": "ch_x"}, "resource_missing", "No such charge: 'ch_x'"),
        ({"payment_intent": "pi_x"}, "resource_missing", "No such payment_intent: 'pi_x'"),
        ({"charge": ""}, None, "One of the following params should be provided"),
        ({"reason": "mood"}, None, "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer"),
    ],
)
def test_a_refund_that_does_not_fit_is_refused(shop: Shop, form: dict[str, str], code: str | None, words: str) -> None:
    charge = paid_charge(shop)
    answer = shop.http.post("/v1/refunds", data={"charge": charge.id} | form)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"].get("code") == code
    assert words in answer.json()["error"]["message"]
    assert shop.client.v1.refunds.list().data == []
    assert shop.client.v1.charges.retrieve(charge.id).amount_refunded == 0


def test_a_charge_is_refunded_only_once_and_only_when_captured(shop: Shop) -> None:
    charge = paid_charge(shop)
    shop.client.v1.refunds.create(params={"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.client.v1.refunds.create(params={"charge": charge.id})
    assert refused.value.code == "charge_already_refunded"
    shop.pay(shop.session(payment_intent_data={"capture_method": "manual"}))
    held = shop.client.v1.charges.list().data[0]
    with pytest.raises(stripe.InvalidRequestError, match="has not been captured"):
        shop.client.v1.refunds.create(params={"charge": held.id})
    session = shop.session()
    shop.pay(session, "4000000000000002")
    failed = shop.fetch(session.id)["payment_intent"]["id"]
    with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge"):
        shop.client.v1.refunds.create(params={"payment_intent": failed})
