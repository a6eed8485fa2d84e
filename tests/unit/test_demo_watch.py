"""When a part of the demo is started again, and when it is given up."""

import signal
from dataclasses import dataclass

from vivr.demo.children import RETRIES_MAX, SETTLED_S, Verdict, Watch


@dataclass
class FakePart:
    """A part whose end a test decides."""

    name: str = "web"
    code: int | None = None

    def start(self) -> None:
        """Run again."""
        self.code = None

    def exit_code(self) -> int | None:
        """How it ended."""
        return self.code

    def last_words(self) -> str:
        """Nothing."""
        return ""


def end_and_restart(watch: Watch, part: FakePart, *, at: float, code: int) -> float:
    """Let a part end, wait for its restart, and give the pause that this took."""
    part.code = code
    assert watch.look(at) is Verdict.PAUSES
    waited = at
    while watch.look(waited) is Verdict.PAUSES:
        waited += 0.01
    assert watch.look(waited) is Verdict.START_AGAIN
    part.start()
    watch.restarted(waited)
    return waited


def test_running_part_is_left_alone() -> None:
    watch = Watch(FakePart(), started_at=0.0)
    assert watch.look(1.0) is Verdict.RUNS
    assert watch.look(1000.0) is Verdict.RUNS


def test_pauses_grow_while_a_part_keeps_ending_at_once_and_then_it_is_given_up() -> None:
    part = FakePart()
    watch = Watch(part, started_at=0.0)
    now = 0.0
    pauses: list[float] = []
    for _ in range(RETRIES_MAX):
        restarted = end_and_restart(watch, part, at=now + 1.0, code=1)
        pauses.append(round(restarted - now - 1.0, 1))
        now = restarted
    assert pauses == [0.2, 0.5, 1.0, 2.0, 4.0]
    part.code = 1
    assert watch.look(now + 1.0) is Verdict.GIVE_UP


def test_part_that_had_settled_starts_counting_anew() -> None:
    part = FakePart()
    watch = Watch(part, started_at=0.0)
    now = 0.0
    for _ in range(20):
        now = end_and_restart(watch, part, at=now + SETTLED_S + 0.01, code=1)
        assert watch.failures == 0


def test_part_killed_from_outside_always_comes_back() -> None:
    part = FakePart()
    watch = Watch(part, started_at=0.0)
    now = 0.0
    for _ in range(20):
        now = end_and_restart(watch, part, at=now + 0.1, code=-signal.SIGKILL)
        assert watch.failures == 0
