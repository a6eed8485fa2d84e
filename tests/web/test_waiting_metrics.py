"""What waits stands on the page of metrics, as of this moment, and the page outlives its database."""

import pytest

from web.harness import Web, open_web


async def series(web: Web) -> dict[str, float]:
    """The page's values by series."""
    answer = await web.browser.get("/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_what_waits_is_counted_by_state_with_its_age(web: Web) -> None:
    before = await series(web)
    names = ('vivr_inbox_events{state="RECEIVED"}', "vivr_inbox_oldest_seconds", "vivr_operations_oldest_seconds")
    assert [before[name] for name in (*names, "vivr_waiting_read")] == [0, 0, 0, 1]
    async with web.kit.shop.database.transaction() as tx:
        await tx.connection.execute(
            """
            INSERT INTO inbox_event (account, livemode, id, type, object_id, subject, version_drift, body, received_at,
                                     deliveries, state, reason, next_try_at, ended_at, request_id)
            VALUES ('acct_1', false, 'evt_1', 'charge.updated', 'ch_1', 'ch_1', false, '{}', now(), 1, 'DEAD', 'no',
                    now(), now(), 'req_1'),
                   ('acct_1', false, 'evt_2', 'charge.updated', 'ch_1', 'ch_1', false, '{}',
                    now() - interval '1 hour', 1, 'RETRYING', 'no', now(), NULL, 'req_1'),
                   ('acct_1', false, 'evt_3', 'charge.updated', 'ch_1', 'ch_1', false, '{}',
                    now() - interval '1 minute', 1, 'RECEIVED', NULL, now(), NULL, 'req_1'),
                   ('acct_1', false, 'evt_4', 'charge.updated', 'ch_1', 'ch_1', false, '{}',
                    now() - interval '1 minute', 1, 'RECEIVED', NULL, now(), NULL, 'req_1')
            """
        )
        await tx.connection.execute(
            """
            INSERT INTO operation (id, kind, intent, attempt, account, livemode, api_version, idempotency_key,
                                   request_sealed, encoder, outcome, error_code, request_id, first_sent_at,
                                   lease_until, next_try_at)
            SELECT 'op_' || n, 'create_refund', 'refund:' || n, 1, 'acct_1', false, 'v', 'key-' || n, 'x', 'e',
                   outcome, 'no_answer', 'req_1', now() - interval '2 hours', now(), now()
            FROM unnest(ARRAY['started', 'unknown', 'unknown']) WITH ORDINALITY AS made (outcome, n)
            """
        )
    after = await series(web)
    assert [after[f'vivr_inbox_events{{state="{state}"}}'] for state in ("RECEIVED", "RETRYING", "DEAD")] == [2, 1, 1]
    assert [after[f'vivr_operations{{outcome="{outcome}"}}'] for outcome in ("started", "unknown")] == [1, 2]
    assert 3600 <= after["vivr_inbox_oldest_seconds"] < 7200 <= after["vivr_operations_oldest_seconds"]
    assert after["vivr_money_exceptions"] == 0


async def test_without_its_database_the_page_answers_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivr.web.waiting_metrics._PATIENCE_S", 0.05)
    async with open_web("postgresql://nobody@127.0.0.1:9/nothing?connect_timeout=1") as web:
        await web.browser.get("/healthz")
        found = await series(web)
    assert found["vivr_waiting_read"] == 0
    assert [name for name in found if name.startswith(("vivr_inbox", "vivr_operations", "vivr_money"))] == []
    assert found['vivr_http_requests_total{method="GET",route="/healthz",status="200"}'] == 1
