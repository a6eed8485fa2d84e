"""The application without a socket, and the pure parts on their own."""

from pathlib import Path

import httpx
import pytest

from stripe_sandbox import ManualClock, Options, Store, build_app
from stripe_sandbox.clock import AccountTime
from stripe_sandbox.ids import account_id, object_id, scramble, stem_of
from stripe_sandbox.money import exponent, show_amount
from stripe_sandbox.server import AnswerLostError
from stripe_sandbox.timers import run_due

SESSION = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:9/ok",
    "customer_email": "buyer@example.com",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "1000",
    "line_items[0][price_data][product_data][name]": "Bol",
    "line_items[0][quantity]": "1",
}
CARD = {"number": "4242424242424242", "expiry": "12/40", "cvc": "123", "name": "Anna"}


async def test_a_purchase_runs_without_a_socket_and_on_a_clock_of_the_test() -> None:
    clock = ManualClock(1_800_000_000.0)
    store = Store(None, clock, seed=1)
    app = build_app(store, Options(webhooks=(("http://127.0.0.1:9/hook", "whsec_x"),)))
    transport = httpx.ASGITransport(app=app)
    headers = {"Authorization": "Bearer sk_test_inprocess"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
        session = (await http.post("/v1/checkout/sessions", data=SESSION)).json()
        assert session["created"] == 1_800_000_000
        assert session["url"].startswith("http://127.0.0.1/c/pay/cs_test_a1")
        paid = await http.post(f"/c/pay/{session['id']}", data=CARD)
        assert (paid.status_code, paid.headers["location"]) == (303, "http://127.0.0.1:9/ok")
        clock.time += 3
        charge = (await http.get("/v1/charges")).json()["data"][0]
        assert charge["balance_transaction"] is not None
        await http.post("/_sandbox/faults", json={"kind": "lose_answer"})
        with pytest.raises(AnswerLostError):
            await http.post("/v1/customers")
        assert len((await http.get("/v1/customers")).json()["data"]) == 1
    store.close()


def test_a_file_is_opened_again_with_what_it_held(tmp_path: Path) -> None:
    clock = ManualClock(1_800_000_000.0)
    first = Store(tmp_path / "deep" / "folder", clock)
    opened = first.ensure_account("sk_test_again")
    first.close()
    second = Store(tmp_path / "deep" / "folder", clock)
    again = second.ensure_account("sk_test_again")
    assert again == opened
    assert run_due(second, again) == 0
    second.close()


def test_a_transaction_that_fails_leaves_nothing() -> None:
    store = Store(None, ManualClock(0.0))

    def stop_halfway() -> None:
        with store.transaction() as tx:
            tx.execute("INSERT INTO tally (account, route) VALUES ('a', 'r')")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        stop_halfway()
    assert store.connection.execute("SELECT COUNT(*) FROM tally").fetchone()[0] == 0
    store.close()


def test_time_runs_at_its_speed_and_never_back() -> None:
    time = AccountTime(real=100.0, sandbox=1000.0)
    assert time.at(110.0) == 1010.0
    fast = time.moved(110.0, speed=60.0)
    assert fast.at(111.0) == 1070.0
    assert fast.moved(111.0, target=5.0).at(111.0) == 1070.0
    assert fast.real_wait_s(1130.0, 111.0) == 1.0
    assert fast.real_wait_s(1.0, 111.0) == 0.0
    assert fast.moved(111.0, speed=0.0).real_wait_s(2000.0, 111.0) == float("inf")


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        (2599, "eur", "fr", "25,99\u00a0€"),
        (123456, "eur", "fr", "1\u202f234,56\u00a0€"),
        (123456, "eur", "en", "€1,234.56"),
        (-5, "usd", "en", "-$0.05"),
        (500, "jpy", "en", "¥500"),
        (500, "jpy", "fr", "500\u00a0¥"),
        (1500, "kwd", "en", "KWD\u00a01.500"),
        (1500, "ugx", "en", "UGX\u00a015.00"),
    ],
)
def test_an_amount_is_shown_in_its_currency(amount: int, currency: str, language: str, text: str) -> None:
    assert show_amount(amount, currency, language) == text


def test_exponents_follow_stripes_wire() -> None:
    assert [exponent(currency) for currency in ("eur", "jpy", "kwd", "isk", "ugx")] == [2, 0, 3, 2, 2]


def test_ids_depend_on_seed_and_number_alone() -> None:
    assert object_id("ch", "seed", 1, "stem") == object_id("ch", "seed", 1, "stem")
    assert object_id("ch", "seed", 1, "stem") != object_id("ch", "seed", 2, "stem")
    assert object_id("ch", "other", 1, "stem") != object_id("ch", "seed", 1, "stem")
    assert stem_of("pi_3" + "s" * 15 + "12345678") == "s" * 15
    assert stem_of("cs_test_x") is None
    assert account_id("sk_test_a") != account_id("sk_test_b")
    assert len(scramble("x", length=200)) == 200
