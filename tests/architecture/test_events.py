"""The registry of Stripe events: one file per event, named after it, complete, and told to Stripe as one list."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from architecture.source_tree import ROOT
from vivr.webhooks.events import HANDLERS, SUBSCRIBED
from vivr.webhooks.events.registry import RegistryError, find_handlers

EVENTS: Final = ROOT / "src" / "vivr" / "webhooks" / "events"
SHARED: Final = ("__init__", "registry", "_events")

GOOD: Final = "EVENT = {event!r}\ndef target(event) -> int: ...\nasync def apply(tx, clock, caller, event, read): ...\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty package of event files."""
    folder = tmp_path / "made_up_events"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield folder
    for name in [name for name in sys.modules if name.startswith("made_up_events")]:
        del sys.modules[name]


def test_every_file_is_an_event_that_the_endpoint_asks_for() -> None:
    files = {path.stem for path in EVENTS.glob("*.py") if not path.stem.endswith(SHARED)}
    assert {event.replace(".", "_") for event in SUBSCRIBED} == files
    assert tuple(sorted(SUBSCRIBED)) == SUBSCRIBED
    assert set(HANDLERS) == set(SUBSCRIBED)


def test_a_complete_file_is_found(package: Path) -> None:
    (package / "charge_refunded.py").write_text(GOOD.format(event="charge.refunded"))
    assert list(find_handlers("made_up_events")) == ["charge.refunded"]


def test_a_misnamed_file_is_refused(package: Path) -> None:
    (package / "refund.py").write_text(GOOD.format(event="charge.refunded"))
    with pytest.raises(RegistryError, match="name it charge_refunded"):
        find_handlers("made_up_events")


def test_an_event_with_two_files_is_refused(package: Path) -> None:
    (package / "charge_refunded.py").write_text(GOOD.format(event="charge.refunded"))
    (package / "charge_refunded_.py").write_text(GOOD.format(event="charge.refunded."))
    (package / "charge__refunded.py").write_text(GOOD.format(event="charge..refunded"))
    (package / "charge_refunded_late.py").write_text(GOOD.format(event="charge.refunded"))
    with pytest.raises(RegistryError):
        find_handlers("made_up_events")


@pytest.mark.parametrize("missing", ["EVENT", "target", "apply"])
def test_an_incomplete_file_is_refused(package: Path, missing: str) -> None:
    text = GOOD.format(event="charge.refunded").replace(missing, f"{missing}_gone")
    (package / "charge_refunded.py").write_text(text)
    with pytest.raises(RegistryError, match=missing):
        find_handlers("made_up_events")


def test_two_meanings_of_one_kind_of_target_are_refused(package: Path) -> None:
    (package / "shared_events.py").write_text(GOOD.format(event="shared"))
    same = "from made_up_events.shared_events import apply, target\nEVENT = {event!r}\n"
    (package / "refund_created.py").write_text(same.format(event="refund.created"))
    (package / "refund_failed.py").write_text(same.format(event="refund.failed"))
    assert sorted(find_handlers("made_up_events")) == ["refund.created", "refund.failed"]
    (package / "refund_updated.py").write_text(GOOD.format(event="refund.updated"))
    with pytest.raises(RegistryError, match="another meaning"):
        find_handlers("made_up_events")
