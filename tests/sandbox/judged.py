"""Reads what every sandbox of a test run wrote down, and judges it by Stripe's own document.

A sandbox of any kind is seen: in this process, with or without a socket, or in a process that a test, a stack or a demo
started, because all of them inherit the variable that names the record.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.openapi_judge import Doc, the_judge


@dataclass
class Records:
    """A folder with one record for each process, and how far each was read."""

    folder: Path
    _read: dict[Path, int] = field(default_factory=dict[Path, int])

    @property
    def name(self) -> str:
        """What the sandboxes are told."""
        return str(self.folder / "{pid}.jsonl")

    def new_complaints(self) -> list[str]:
        """What is wrong with the lines since the last look."""
        return [complaint for line in self._new_lines() for complaint in the_judge().complaints_of_line(line)]

    def of_process(self, pid: int) -> list[Doc]:
        """Everything that one process has written so far, looked at or not."""
        return [json.loads(line) for line in _whole_lines(self.folder / f"{pid}.jsonl", 0)]

    def _new_lines(self) -> Iterator[Doc]:
        for file in sorted(self.folder.iterdir()):
            for line in _whole_lines(file, self._read.get(file, 0)):
                self._read[file] = self._read.get(file, 0) + len(line)
                yield json.loads(line)


def _whole_lines(file: Path, begun: int) -> list[bytes]:
    """The lines from a place on; a half one is left for later, or for ever if its process was killed."""
    if file.stat().st_size == begun:
        return []
    with file.open("rb") as opened:
        opened.seek(begun)
        return [line for line in opened if line.endswith(b"\n")]
