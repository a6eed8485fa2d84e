"""Metadata: up to 50 keys of 40 characters with values of 500.

An empty value deletes its key, an empty metadata all of them. Source: Stripe docs, metadata.
"""

from dataclasses import dataclass
from typing import Any

from stripe_sandbox.wire.errors import invalid
from stripe_sandbox.wire.forms import Decoded

KEYS_MAX = 50
KEY_LENGTH_MAX = 40
VALUE_LENGTH_MAX = 500


@dataclass(frozen=True)
class Metadata:
    """The parameter kind; reads to a dict of strings, or to "" where all keys are to go."""

    def read(self, value: Decoded, path: str, version: str) -> Any:
        """Reads the pairs and checks their lengths."""
        del version
        if value == "":
            return ""
        if not isinstance(value, dict):
            raise invalid("Invalid object", param=path)
        for key, item in value.items():
            if not isinstance(item, str):
                raise invalid("Metadata values must be strings.", param=f"{path}[{key}]")
            if len(key) > KEY_LENGTH_MAX or "[" in key or "]" in key:
                raise invalid(
                    f"Metadata keys can be at most {KEY_LENGTH_MAX} characters, without square brackets.",
                    param=f"{path}[{key}]",
                )
            if len(item) > VALUE_LENGTH_MAX:
                raise invalid(
                    f"Metadata values can have up to {VALUE_LENGTH_MAX} characters, but you passed in a value that is "
                    f"{len(item)} characters. Invalid value: {item[:20]}...",
                    param=f"{path}[{key}]",
                )
        merge_metadata({}, dict(value), path)
        return dict(value)


def merge_metadata(current: dict[str, str], change: Any, path: str = "metadata") -> dict[str, str]:
    """Gives the metadata after an update; `change` is what `Metadata.read` gave, or None when nothing was sent."""
    if change is None:
        return current
    if change == "":
        return {}
    merged = {key: value for key, value in {**current, **change}.items() if value != ""}
    if len(merged) > KEYS_MAX:
        raise invalid(f"Metadata can have up to {KEYS_MAX} keys, but you passed in {len(merged)} keys.", param=path)
    return merged
