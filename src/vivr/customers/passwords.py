"""Passwords: argon2id through pwdlib, in threads of their own, two at a time.

One hash takes 64 MiB and a few dozen milliseconds of a core: two at once keep a burst of log-ins from eating the
machine, and the event loop never waits for one.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError

_THREADS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")


async def hash_password(password: str) -> str:
    """Hash a normalised password."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _hasher().hash, password)


async def verify_password(password: str, stored_hash: str | None) -> tuple[bool, str | None]:
    """Whether a password is right, and a new hash where the stored one was made with older parameters.

    A missing hash (there is no such account) takes the same time and is never right.
    """
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _verify, password, stored_hash)


def _verify(password: str, stored_hash: str | None) -> tuple[bool, str | None]:
    # Made once in a process, whichever account is asked for first.
    nobodys_hash = _nobodys_hash()
    if stored_hash is None:
        _hasher().verify(password, nobodys_hash)
        return False, None
    try:
        return _hasher().verify_and_update(password, stored_hash)
    except UnknownHashError:
        # An account whose password was switched off keeps a text that is no hash.
        return False, None


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("nobody has this password, and no account has this hash")
