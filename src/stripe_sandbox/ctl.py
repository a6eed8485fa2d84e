"""The controls from the shell: `python -m stripe_sandbox ctl faults kind=lose_answer 'route=POST /v1/refunds'`.

A verb is a path under `/_sandbox/`. Fields make it a POST, none a GET; values are JSON where they can be read so, else
text. `--file` sends a JSON file, such as a scenario.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx


def read_field(text: str) -> tuple[str, Any]:
    """Splits `name=value`; `60` is a number, `true` a truth value, `reset` a text."""
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise argparse.ArgumentTypeError("expected NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def build_parser() -> argparse.ArgumentParser:
    """All options."""
    parser = argparse.ArgumentParser(
        prog="python -m stripe_sandbox ctl", description="Controls a sandbox that is running."
    )
    parser.add_argument("verb", help="such as clock, faults, scenarios, deliveries, bank/pi_.../settle")
    parser.add_argument("fields", nargs="*", type=read_field, metavar="NAME=VALUE", help="what the control is sent")
    parser.add_argument("--file", type=Path, help="a JSON file to send instead of fields")
    parser.add_argument("--method", choices=["GET", "POST", "DELETE"], help="default: POST with fields, else GET")
    parser.add_argument("--url", default="http://127.0.0.1:12111", help="where it listens (default %(default)s)")
    parser.add_argument("--key", default="sk_test_sandbox0000", help="whose account (default %(default)s)")
    return parser


def main(argv: Sequence[str]) -> int:
    """Calls the control and prints its answer; 1 when it was refused, 2 when nobody answers."""
    arguments = build_parser().parse_args(argv)
    body: Any = dict(arguments.fields)
    if arguments.file is not None:
        body = json.loads(arguments.file.read_text(encoding="utf-8"))
    # Some have nothing to say and change something all the same.
    changes = arguments.verb.startswith("bank/") or arguments.verb in ("payouts", "snapshot", "restore")
    method = arguments.method or ("POST" if body or changes else "GET")
    try:
        answer = httpx.request(
            method,
            f"{arguments.url}/_sandbox/{arguments.verb}",
            json=body if method == "POST" else None,
            headers={"Authorization": f"Bearer {arguments.key}"},
            trust_env=False,
            timeout=30,
        )
    except httpx.HTTPError as error:
        print(f"No sandbox answers at {arguments.url}: {type(error).__name__}", file=sys.stderr)  # noqa: T201 - the command line
        return 2
    try:
        shown = json.dumps(answer.json(), indent=2)
    except ValueError:
        shown = answer.text
    print(shown, file=sys.stdout if answer.is_success else sys.stderr)
    return 0 if answer.is_success else 1
