"""A PostgreSQL for one test run: quick to make, forgetful, gone afterwards."""

import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vivr.embedded_postgres.supervisor import EmbeddedPostgres


@contextmanager
def temporary_cluster(folder: Path | None = None) -> Generator[str]:
    """Run a fresh server and give its address; without a folder, in one that is removed at the end."""
    with ExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vivr-pg-")))
        server = stack.enter_context(EmbeddedPostgres(home, disposable=True))
        yield server.url
