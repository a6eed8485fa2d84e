"""The demo's one calm screen; where no terminal reads it, the same as plain lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.table import Table

from vivr.cli.language import say
from vivr.demo.place import Ports

COMMAND: Final = ".venv/bin/vivr"
CARDS: Final = (
    ("4242 4242 4242 4242", "succeeds"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0027 6000 3184", "asks for 3-D Secure"),
)


@dataclass(frozen=True, slots=True)
class Ready:
    """What the ready screen tells."""

    ports: Ports
    has_sandbox: bool
    has_mailbox: bool
    staff: tuple[str, str] | None
    data: str
    seconds: float
    notes: Sequence[str]


class Screen:
    """Tells the person what happens.

    Args:
        console: where it tells it.
    """

    def __init__(self, console: Console) -> None:
        self._console: Console = console
        self._status: Status | None = None

    def step(self, text: str) -> None:
        """Say what is being done now; the next step replaces it on a terminal."""
        if not self._console.is_terminal:
            self._print(text)
        elif self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        else:
            self._status.update(text)

    def end_steps(self) -> None:
        """Take the present step off the screen."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def note(self, text: str) -> None:
        """Say something that happened while the demo runs."""
        self._print(text)

    def fail(self, text: str, last_words: str = "") -> None:
        """Say why the demo stops."""
        self.end_steps()
        self._console.print(text, style="bold red", markup=False, highlight=False)
        if last_words:
            self._console.print(last_words, markup=False, highlight=False)

    def show_ready(self, ready: Ready) -> None:
        """The ready screen."""
        self.end_steps()
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for heading, text in _rows(ready):
            table.add_row(heading, text)
        if self._console.is_terminal:
            self._console.print(Panel(table, title="VIVR", title_align="left", padding=(1, 2), expand=False))
        else:
            self._console.print(table)
        for text in ready.notes:
            self._print(text)
        self._print(say("Ready in {seconds} s. Ctrl-C stops everything.", seconds=f"{ready.seconds:.1f}"))

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)


def _rows(ready: Ready) -> list[tuple[str, str]]:
    ports = ready.ports
    rows = [(say("Shop"), f"{ports.shop_url}/  ·  {ports.shop_url}/en/")]
    staff = "" if ready.staff is None else "  ·  {} / {}".format(*ready.staff)
    rows.append((say("Back office"), f"{ports.shop_url}/admin/{staff}"))
    if ready.has_sandbox:
        rows.append((say("Local Stripe"), f"{ports.sandbox_url}/"))
    if ready.has_mailbox:
        rows.append((say("Mailbox"), f"{ports.mailbox_url}/"))
    rows.append((say("Data, logs"), f"{ready.data}, {ready.data}/logs"))
    if ready.has_sandbox:
        rows.append(("", ""))
        for place, (number, outcome) in enumerate(CARDS):
            rows.append((say("Test cards") if place == 0 else "", f"{number}  {say(outcome)}"))
        rows.append(("", say("any future date, any security code, any name")))
    rows.append(("", ""))
    rows.append((say("To try"), f"{COMMAND} demo buy"))
    rows.extend(
        ("", f"{COMMAND} {words}")
        for words in ("demo buy --card 4000000000000002", "demo buy --lose-webhook", "doctor")
    )
    return rows
