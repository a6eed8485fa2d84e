"""The script in the sandbox's README, exactly as it stands there, against a sandbox that was started for it."""

import re
import subprocess
import sys
from pathlib import Path

import stripe_sandbox

README = Path(stripe_sandbox.__file__).with_name("README.md")
LINES_MAX = 39
STORY_S = 60


def test_a_newcomer_takes_refunds_and_disputes_a_payment_with_all_webhooks(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 1
    assert blocks[0].count("\n") <= LINES_MAX
    assert "vivr" not in blocks[0]
    script = tmp_path / "story.py"
    script.write_text(blocks[0], "utf-8")
    command = [sys.executable, "-m", "stripe_sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            address = sandbox.stdout.readline().split()[-1]
            told = subprocess.run(
                [sys.executable, str(script), address],
                capture_output=True,
                text=True,
                timeout=STORY_S,
                cwd=tmp_path,
                env={"HOME": str(tmp_path), "PATH": ""},
                check=False,
            )
        finally:
            sandbox.terminate()
    assert told.returncode == 0, told.stderr
    *webhooks, last = told.stdout.splitlines()
    assert last == f"paid 2599, refunded 1000, disputed; {len(webhooks)} webhooks, none missing"
    names = {line.removeprefix("webhook, signature verified: ") for line in webhooks}
    assert names >= {"checkout.session.completed", "payment_intent.succeeded", "refund.created", "charge.refunded"}
    assert names >= {"charge.dispute.created", "charge.dispute.funds_withdrawn"}
