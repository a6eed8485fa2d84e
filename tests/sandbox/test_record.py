"""Whatever a sandbox answers or delivers stands in its record, and what is broken there is caught."""

import json
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from sandbox.harness import Receiver, Shop
from sandbox.judged import Records
from sandbox.test_command_line import Process
from stripe_sandbox import ManualClock, Options, Store, build_app
from stripe_sandbox.in_process import InProcess

KEY = "sk_test_recorded0001"
AUTHORIZED = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def kept(tmp_path: Path) -> Generator[tuple[Path, InProcess]]:
    """A record of its own, and the sandbox that writes it."""
    file = tmp_path / "record.jsonl"
    box = InProcess(seed=1, options=Options(record=str(file)))
    yield file, box
    box.close()


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def names_of(lines: list[dict[str, Any]]) -> set[str]:
    """The customers that were made."""
    made = (line["answer"] for line in lines if line.get("route") == "POST /v1/customers" and line["status"] == 200)
    return {customer["name"] for customer in made}


async def test_every_sandbox_of_this_process_is_seen(stripe_records: Records, shop: Shop) -> None:
    shop.client.v1.customers.create(params={"name": "in a thread"})
    box = InProcess(seed=1)
    client = stripe.StripeClient(KEY, http_client=box.http_client(stripe))
    await client.v1.customers.create_async(params={"name": "without a socket"})
    box.close()
    store = Store(None, ManualClock(1_800_000_000.0), seed=1)
    transport = httpx.ASGITransport(app=build_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=AUTHORIZED) as http:
        await http.post("/v1/customers", data={"name": "as an application"})
    store.close()
    assert names_of(stripe_records.of_process(os.getpid())) >= {"in a thread", "without a socket", "as an application"}


def test_a_process_is_seen_without_being_told_and_its_deliveries_too(
    stripe_records: Records, receiver: Receiver
) -> None:
    process = Process("--webhook", f"{receiver.url}=whsec_recorded")
    process.http.post("/v1/customers", data={"name": "elsewhere"})
    receiver.wait_for("customer.created")
    process.end(signal.SIGTERM)
    lines = stripe_records.of_process(process.process.pid)
    assert names_of(lines) == {"elsewhere"}
    assert [(line["url"], line["status"], line["event"]["type"]) for line in lines if "event" in line] == [
        (receiver.url, 200, "customer.created")
    ]


def test_the_option_names_the_file_and_a_half_written_line_is_no_fault(tmp_path: Path) -> None:
    process = Process("--record", str(tmp_path / "{pid}.jsonl"))
    process.http.post("/v1/customers", data={"name": "Anna"})
    process.end(signal.SIGKILL)
    records = Records(tmp_path)
    with (tmp_path / f"{process.process.pid}.jsonl").open("a") as file:
        file.write('{"at":1,"method":"GE')
    assert names_of(records.of_process(process.process.pid)) == {"Anna"}
    assert records.new_complaints() == []
    with (tmp_path / f"{process.process.pid}.jsonl").open("a") as file:
        file.write('T"}\n')
    with pytest.raises(KeyError):
        records.new_complaints()


def test_a_broken_line_of_a_record_is_caught_once(kept: tuple[Path, InProcess]) -> None:
    file, box = kept
    records = Records(file.parent)
    box.call("POST", "/v1/customers", data={"name": "Anna"}, headers=AUTHORIZED)
    box.call("GET", "/v1/customers/cus_nobody", headers=AUTHORIZED)
    assert records.new_complaints() == []
    made, missing = lines_of(file)
    made["answer"]["created"] = "today"
    missing["answer"]["error"]["type"] = "surprise"
    with file.open("a") as opened:
        opened.writelines(json.dumps(line) + "\n" for line in (made, missing))
    assert [complaint.partition(": ")[0] for complaint in records.new_complaints()] == [
        "POST /v1/customers (200)",
        "GET /v1/customers/cus_nobody (404)",
    ]
    assert records.new_complaints() == []


def test_a_broken_event_is_caught_where_it_was_delivered(shop: Shop, tmp_path: Path) -> None:
    shop.client.v1.customers.create(params={"name": "Anna"})
    event = shop.http.get("/v1/events").json()["data"][0]
    line = {"at": 1.0, "url": "http://127.0.0.1:9/hook", "status": 200, "event": event}
    data = event["data"]
    broken: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, ""),
        ({"livemode": "no"}, 'livemode: "no" is not of type "boolean"'),
        ({"type": "customer.married"}, "customer.married: Stripe has no such event"),
        (
            {"data": {**data, "previous_attributes": {"mood": "good"}}},
            "customer.created: mood has changed, but the object has no such field",
        ),
        (
            {"data": {"object": {**data["object"], "name": 7}}},
            'customer.created: name: 7 is not of types "null", "string"',
        ),
    )
    records = Records(tmp_path)
    (tmp_path / "1.jsonl").write_text("")
    for changes, complaint in broken:
        with (tmp_path / "1.jsonl").open("a") as file:
            file.write(json.dumps({**line, "event": {**event, **changes}}) + "\n")
        wanted = [f"delivered to http://127.0.0.1:9/hook: {complaint}"] if complaint else []
        assert records.new_complaints() == wanted


def test_a_call_that_was_cut_is_written_without_an_answer(kept: tuple[Path, InProcess]) -> None:
    file, box = kept
    box.call("POST", "/_sandbox/faults", json={"kind": "lose_answer"}, headers=AUTHORIZED)
    client = stripe.StripeClient(KEY, http_client=box.http_client(stripe), max_network_retries=0)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create(params={"name": "Anna"})
    (line,) = lines_of(file)
    assert (line["route"], line["request"], line["status"], line["answer"]) == (
        "POST /v1/customers",
        "name=Anna",
        0,
        None,
    )


def test_a_record_holds_no_key_and_no_number(kept: tuple[Path, InProcess]) -> None:
    file, box = kept
    endpoint = box.call(
        "POST",
        "/v1/webhook_endpoints",
        data={"url": "http://127.0.0.1:9/", "enabled_events[]": "*"},
        headers=AUTHORIZED,
    )
    secret = endpoint.json()["secret"]
    card = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2034"}
    box.call("POST", "/v1/payment_methods", data=card, headers=AUTHORIZED)
    box.call("GET", "/v1/customers", headers={"Authorization": "Bearer sk_live_never0000"})
    text = file.read_text("utf-8")
    assert len(lines_of(file)) == 3
    for hidden in (secret, KEY, "sk_live_never0000", "4242424242424242"):
        assert hidden not in text
    assert "whsec_..." in text


def test_without_a_name_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SANDBOX_RECORD")
    monkeypatch.chdir(tmp_path)
    box = InProcess(seed=1)
    box.call("POST", "/v1/customers", headers=AUTHORIZED)
    box.close()
    assert list(tmp_path.iterdir()) == []
