"""In whatever order a story's events come, and however often, it ends the same; ``proof.orders`` has up to six."""

import pytest

from proof.report import run


@pytest.mark.timeout(400)
def test_events_of_a_story_lead_to_one_end_in_every_order(database_url: str) -> None:
    reports = run(database_url, "--most", "4", "--controls", module="proof.orders")
    stories, controls = [report for report in reports if "events" in report], reports[-1]
    assert [report["violations"] for report in stories] == [{}] * len(stories)
    assert [report["tried"] for report in stories] == [report["existing"] for report in stories]
    assert sum(report["existing"][0] for report in stories) >= 30
    assert controls["caught"] > 0
