"""What `vivr doctor` found: one check each, how it ended, and a sentence with the cure."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it ended, and a sentence."""

    name: str
    outcome: Outcome
    text: str
