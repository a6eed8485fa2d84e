"""A transaction-mode PgBouncer stands in front of everything but migrations and notices, and the shop does not mind."""

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from flows.fault_kit import new_order, pay_and_check
from free_ports import free_port
from money_probe import broken_rules
from refund_kit import paid_order, refund
from shop_kit import GUEST, Kit, open_kit
from vivr.refunds.model import RefundState
from vivr.webhooks.wake_worker import Bell, listening

PGBOUNCER = "/usr/sbin/pgbouncer"
SERVER_CONNECTIONS = 3


@pytest.fixture
def pooled_url(database_url: str, tmp_path: Path) -> Generator[str]:
    """The database behind a PgBouncer with fewer connections than the shop opens."""
    if not Path(PGBOUNCER).exists():
        if os.environ.get("CI") == "true":
            pytest.fail("pgbouncer is missing: .ci/run installs it")
        pytest.skip("pgbouncer is missing: sudo apt-get install pgbouncer")
    target = {name: str(value) for name, value in conninfo_to_dict(database_url).items()}
    port = free_port()
    (tmp_path / "users.txt").write_text(f'"{target["user"]}" "{target.get("password", "")}"\n')
    (tmp_path / "pgbouncer.ini").write_text(
        f"""
        [databases]
        * = host={target["host"]} port={target.get("port", "5432")}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = trust
        auth_file = {tmp_path}/users.txt
        pool_mode = transaction
        default_pool_size = {SERVER_CONNECTIONS}
        max_client_conn = 100
        logfile = {tmp_path}/pgbouncer.log
        pidfile = {tmp_path}/pgbouncer.pid
        """.replace("\n        ", "\n")
    )
    command = [PGBOUNCER, str(tmp_path / "pgbouncer.ini")]
    if os.geteuid() == 0:
        # As root it refuses to run: it is root to the files and another user to itself, as the embedded server is.
        as_another = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
        if subprocess.run([*as_another, "true"], check=False, capture_output=True).returncode:
            pytest.skip("pgbouncer refuses to run as root, and this machine refuses user namespaces")
        command[:0] = as_another
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"postgresql://{target['user']}@127.0.0.1:{port}/{target['dbname']}"
    try:
        wait_for(url)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(url: str) -> None:
    """Until it answers, 10 s at most."""
    for _ in range(100):
        try:
            with psycopg.connect(url, connect_timeout=2, prepare_threshold=None):
                return
        except psycopg.OperationalError:
            # It listens a moment after it was started.
            asyncio.run(asyncio.sleep(0.1))
    pytest.fail("pgbouncer does not answer")


@pytest.fixture
async def pooled(pooled_url: str, database_url: str, sandbox_url: str) -> AsyncGenerator[Kit]:
    """A shop whose every transaction passes the pooler."""
    async with open_kit(
        pooled_url,
        sandbox_url,
        DATABASE_POOL_MAX="8",
        DATABASE_URL=pooled_url,
        DATABASE_URL_DIRECT=database_url,
    ) as kit:
        yield kit


async def test_purchases_and_refunds_pass_the_pooler_side_by_side(pooled: Kit) -> None:
    product = await pooled.add_product(stock=50)
    orders = [await pooled.place(product) for _ in range(4)]
    links = await asyncio.gather(*(pooled.shop.start_checkout(GUEST, order.id) for order in orders))
    for link in links:
        await pooled.pay(link.url)
    events = await pooled.events()
    assert set(await asyncio.gather(*(pooled.deliver(event) for event in events))) == {200}
    await pooled.process()
    assert {(await pooled.order(order.id)).state for order in orders} == {"PAID"}
    # The same statements once more: what was prepared on another connection would be missing here.
    for _ in range(2):
        order, _ = await paid_order(pooled)
        assert (await refund(pooled, order.id)).state == RefundState.SUCCEEDED
    await pay_and_check(pooled, (await new_order(pooled)).id)
    assert await broken_rules(pooled) == {}


async def test_limits_set_in_a_transaction_do_not_stay_on_a_shared_connection(pooled: Kit, pooled_url: str) -> None:
    for _ in range(2 * SERVER_CONNECTIONS):
        await new_order(pooled)
    for _ in range(2 * SERVER_CONNECTIONS):
        with psycopg.connect(pooled_url, prepare_threshold=None) as connection:
            found = connection.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
            assert found.fetchone() == ("0", "0")
            held = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
            assert held == (0,)


async def test_a_notice_through_the_pooler_reaches_who_listens_directly(pooled: Kit, database_url: str) -> None:
    bell = Bell(pooled.shop.database)
    async with listening(database_url) as woken:
        await asyncio.wait_for(woken.wait(), 30)
        woken.clear()
        bell.ring()
        await asyncio.wait_for(woken.wait(), 30)
    await bell.close()


async def test_the_bell_is_rung_for_work_alone(kit: Kit) -> None:
    rung: list[int] = []
    kit.shop.intake.after_commit = lambda: rung.append(1)
    await new_order(kit)
    await kit.api("POST", "/v1/customers", {"name": "Anna"})
    assert await kit.deliver((await kit.events("customer.created"))[0]) == 200
    assert rung == []
    order = await kit.shop.start_checkout(GUEST, (await new_order(kit)).id)
    await kit.pay(order.url)
    assert await kit.deliver((await kit.events("payment_intent.succeeded"))[0]) == 200
    assert rung == [1]
