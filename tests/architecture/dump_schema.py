"""Write ``src/vivr/migrations/schema.sql``: what all migrations together make, for readers and for reviews.

``make schema`` runs it after a migration was added; a test compares the file with a fresh dump.
"""

import re
import subprocess
from pathlib import Path
from typing import Final

from vivr.embedded_postgres import temporary_cluster
from vivr.embedded_postgres.binaries import find_binaries
from vivr.migrate import migrate

SCHEMA: Final = Path(__file__).resolve().parents[2] / "src" / "vivr" / "migrations" / "schema.sql"

_HEADING: Final = """\
-- What the migrations in this folder make together. Nothing runs it: `make schema` writes it, a test compares it.
"""
_NOISE: Final = re.compile(r"--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*")


def dump_of(url: str) -> str:
    """The schema of a database, without what depends on the server or the moment."""
    dumped = subprocess.run(
        [
            find_binaries() / "pg_dump",
            "--schema-only",
            "--no-owner",
            "--no-privileges",
            # The key would be random, and the two lines that carry it another text each time.
            "--restrict-key=vivr",
            f"--dbname={url}",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return _HEADING + without_noise(dumped.stdout)


def without_noise(dumped: str) -> str:
    """A dump without comments, session settings and more than one empty line in a row."""
    lines = [line for line in dumped.splitlines() if not _NOISE.fullmatch(line)]
    return "\n" + re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


if __name__ == "__main__":
    with temporary_cluster() as fresh:
        migrate(fresh)
        SCHEMA.write_text(dump_of(fresh), "utf-8")
    print(f"{SCHEMA.name}: written")  # noqa: T201 - a command for a terminal
