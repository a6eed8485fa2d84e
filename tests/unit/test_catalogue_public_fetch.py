"""Fetching from the web: only public addresses, the checked one is connected to, and everything is limited."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from ipaddress import IPv4Address, ip_address

import pytest

from vivr.catalogue.public_fetch import Address, FetchFailedError, fetch_public, is_public, resolve_host

LOOPBACK = IPv4Address("127.0.0.1")


class Server:
    """A web server on loopback that gives each path its answer and remembers what it was asked."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[tuple[str, str]] = []
        self.answers: dict[str, bytes] = {}
        self.delay_s = 0.0
        self.tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request in a task that the fixture can end."""
        self.tasks[asyncio.create_task(self.serve(reader, writer))] = writer

    async def hang_up(self) -> None:
        """End every task and close every connection; a task that never began would have closed nothing."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for writer in self.tasks.values():
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            host = next(line[6:] for line in head.split("\r\n") if line.lower().startswith("host: "))
            self.requests.append((host, path))
            await asyncio.sleep(self.delay_s)
            writer.write(self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
            await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    served = Server()
    listener = await asyncio.start_server(served.receive, "127.0.0.1", 0)
    served.port = listener.sockets[0].getsockname()[1]
    yield served
    listener.close()
    # A client that gave up at once may leave a connection that was accepted and is told to us some rounds later.
    for _ in range(20):
        await asyncio.sleep(0)
    await served.hang_up()
    await listener.wait_closed()


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def to_loopback(_host: str, _port: int) -> list[Address]:
    return [LOOPBACK]


def anything(_address: Address) -> bool:
    return True


async def failure(
    address: str, *, is_allowed: Callable[[Address], bool] = anything, **limits: float
) -> tuple[str, str]:
    with pytest.raises(FetchFailedError) as refused:
        await fetch_public(address, resolve=to_loopback, is_allowed=is_allowed, **limits)  # pyright: ignore[reportArgumentType]
    return refused.value.code, refused.value.found


@pytest.mark.parametrize("text", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_addresses_out_in_the_internet_are_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "127.9.9.9", "0.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"),
    ],
)
def test_addresses_of_our_own_side_are_not(text: str) -> None:
    assert not is_public(ip_address(text))


async def test_the_checked_address_is_connected_to_under_the_hosts_name(server: Server) -> None:
    server.answers["/a.jpg?b=c"] = answer(b"picture")
    body = await fetch_public(
        f"http://images.example:{server.port}/a.jpg?b=c#d", resolve=to_loopback, is_allowed=anything
    )
    assert (body, server.requests) == (b"picture", [(f"images.example:{server.port}", "/a.jpg?b=c")])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
async def test_our_own_machine_is_refused_by_any_spelling(server: Server, host: str) -> None:
    with pytest.raises(FetchFailedError) as refused:
        await fetch_public(f"http://{host}:{server.port}/a.jpg")
    assert refused.value.code == "fetch_address_refused"
    assert server.requests == []


async def test_host_with_one_private_address_is_refused(server: Server) -> None:
    async def two(_host: str, _port: int) -> list[Address]:
        return [ip_address("93.184.216.34"), ip_address("10.0.0.1")]

    with pytest.raises(FetchFailedError) as refused:
        await fetch_public(f"http://images.example:{server.port}/", resolve=two)
    assert (refused.value.code, refused.value.found) == ("fetch_address_refused", "it is not public")


async def test_host_is_resolved_once_for_each_hop(server: Server) -> None:
    asked: list[tuple[str, int]] = []

    async def count(host: str, port: int) -> list[Address]:
        asked.append((host, port))
        return [LOOPBACK]

    there = f"http://other.example:{server.port}/b.jpg"
    server.answers["/a.jpg"] = answer(b"", "302 Found", f"Location: {there}")
    server.answers["/b.jpg"] = answer(b"picture")
    body = await fetch_public(f"http://images.example:{server.port}/a.jpg", resolve=count, is_allowed=anything)
    assert body == b"picture"
    assert asked == [("images.example", server.port), ("other.example", server.port)]


async def test_redirect_to_our_own_side_is_refused(server: Server) -> None:
    async def by_name(host: str, _port: int) -> list[Address]:
        return [IPv4Address("169.254.169.254") if host == "169.254.169.254" else LOOPBACK]

    server.answers["/a.jpg"] = answer(b"", "301 Moved", "Location: http://169.254.169.254/latest/meta-data/")
    with pytest.raises(FetchFailedError) as refused:
        await fetch_public(
            f"http://images.example:{server.port}/a.jpg", resolve=by_name, is_allowed=lambda one: one == LOOPBACK
        )
    assert refused.value.code == "fetch_address_refused"
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://images.example/a.jpg", "http://"])
async def test_redirect_to_another_kind_of_address_is_refused(server: Server, location: str) -> None:
    server.answers["/a.jpg"] = answer(b"", "307 Temporary Redirect", f"Location: {location}")
    code, _ = await failure(f"http://images.example:{server.port}/a.jpg")
    assert code == "fetch_address_refused"


async def test_circle_of_redirects_ends(server: Server) -> None:
    server.answers["/a.jpg"] = answer(b"", "302 Found", "Location: /a.jpg")
    found = await failure(f"http://images.example:{server.port}/a.jpg")
    assert found == ("fetch_address_refused", "too many redirects")
    assert len(server.requests) == 6


@pytest.mark.parametrize("address", ["http://user:word@images.example/a.jpg", "ftp://images.example/a", "http:///a"])
async def test_address_that_is_no_plain_web_address_is_refused(address: str) -> None:
    assert (await failure(address))[0] == "fetch_address_refused"


async def test_large_body_is_given_up_whatever_its_length_says(server: Server) -> None:
    server.answers["/a.jpg"] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 1000
    assert await failure(f"http://images.example:{server.port}/a.jpg", bytes_max=999) == ("fetch_too_large", "999")
    body = await fetch_public(
        f"http://images.example:{server.port}/a.jpg", bytes_max=1000, resolve=to_loopback, is_allowed=anything
    )
    assert len(body) == 1000


async def test_slow_server_is_given_up(server: Server) -> None:
    server.delay_s = 5
    assert await failure(f"http://images.example:{server.port}/", timeout_s=0.1) == ("fetch_timed_out", "0.1")


async def test_other_answers_are_named(server: Server) -> None:
    assert await failure(f"http://images.example:{server.port}/none.jpg") == ("fetch_status", "404")
    server.answers["/broken.jpg"] = b"nonsense\r\n\r\n"
    assert (await failure(f"http://images.example:{server.port}/broken.jpg"))[0] == "fetch_unreachable"


async def test_compressed_body_is_not_unpacked(server: Server) -> None:
    server.answers["/a.jpg"] = answer(b"\x1f\x8b not really", "200 OK", "Content-Encoding: gzip")
    body = await fetch_public(f"http://images.example:{server.port}/a.jpg", resolve=to_loopback, is_allowed=anything)
    assert body == b"\x1f\x8b not really"


async def test_unreachable_host_is_named() -> None:
    async def nowhere(_host: str, _port: int) -> list[Address]:
        raise OSError("no such host")

    with pytest.raises(FetchFailedError) as refused:
        await fetch_public("http://images.example/a.jpg", resolve=nowhere)
    assert (refused.value.code, refused.value.found) == ("fetch_unreachable", "OSError")
    assert (await resolve_host("127.0.0.1", 80)) == [LOOPBACK]
