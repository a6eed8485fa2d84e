"""Every point of a purchase at which a process can end, or lose its connection. ``proof.crash`` has the other flows."""

import pytest

from proof.report import assert_every_point_holds


@pytest.mark.timeout(600)
def test_a_purchase_survives_the_end_of_a_process_at_every_point(database_url: str) -> None:
    assert_every_point_holds(database_url, "purchase", 240)
