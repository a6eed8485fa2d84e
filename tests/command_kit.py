"""Command lines that tests run in this process; what they find is the environment of the fixture ``shell``."""

import asyncio

import pytest

from vivr.cli.main import run


async def vivr(*words: str) -> int:
    """Run a command line in a thread, for it has an event loop of its own; its exit code."""
    return await asyncio.to_thread(run, list(words))


async def vivr_says(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command line; its exit code, and what it printed."""
    capsys.readouterr()
    status = await vivr(*words)
    said = capsys.readouterr()
    return status, said.out + said.err
