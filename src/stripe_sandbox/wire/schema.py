"""One mechanism that declares and reads parameters: unknown, missing and mistyped ones are refused at every depth.

A route's parameters are a `Shape`: names to kinds. `Shape.read` takes the decoded form and gives clean values, with
only the names that were sent; an empty string, which unsets, is read as None (as "" for metadata). Messages and codes
as recorded from Stripe's test mode.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from stripe_sandbox.wire.errors import StripeError, invalid
from stripe_sandbox.wire.forms import Decoded

_DECIMAL = re.compile(r"\d{1,12}(\.\d{1,12})?")
_INTEGER = re.compile(r"[+-]?\d{1,18}")


class Kind(Protocol):
    """What a parameter may be."""

    def read(self, value: Decoded, path: str, version: str) -> Any:
        """Gives the clean value or raises StripeError (400) naming `path`."""
        ...


@dataclass(frozen=True)
class Text:
    """A string; empty unsets (None) unless `blank` is False."""

    longest: int = 5000
    blank: bool = True
    pattern: re.Pattern[str] | None = None

    def read(self, value: Decoded, path: str, version: str) -> str | None:
        """Reads a string."""
        del version
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {_shown(value)}", param=path)
        if value == "":
            if self.blank:
                return None
            raise invalid(
                f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; "
                f"however '{path}' cannot be unset. You should remove '{path}' from your request or supply a "
                "non-empty value.",
                code="parameter_invalid_empty",
                param=path,
            )
        if len(value) > self.longest:
            raise invalid(f"Invalid string: {value[:20]}...; must be at most {self.longest} characters", param=path)
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise invalid(f"Invalid {path}: {value}", param=path)
        return value


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    def read(self, value: Decoded, path: str, version: str) -> str:
        """Reads a word of the list."""
        del version
        if isinstance(value, str) and value in self.options:
            return value
        *others, last = self.options
        joint = ", or " if len(others) > 1 else " or "
        allowed = ", ".join(others) + joint + last if others else last
        raise invalid(f"Invalid {path}: must be one of {allowed}", param=path)


@dataclass(frozen=True)
class Integer:
    """A whole number within bounds."""

    least: int | None = None
    most: int | None = None

    def read(self, value: Decoded, path: str, version: str) -> int:
        """Reads a whole number."""
        del version
        if not isinstance(value, str) or not _INTEGER.fullmatch(value):
            raise invalid(f"Invalid integer: {_shown(value)}", code="parameter_invalid_integer", param=path)
        number = int(value)
        if self.least is not None and number < self.least:
            raise invalid(
                f"This value must be greater than or equal to {self.least}.",
                code="parameter_invalid_integer",
                param=path,
            )
        if self.most is not None and number > self.most:
            raise invalid(
                f"This value must be less than or equal to {self.most}.", code="parameter_invalid_integer", param=path
            )
        return number


@dataclass(frozen=True)
class Exact:
    """A number that is not negative, kept as text, with twelve decimals at most."""

    def read(self, value: Decoded, path: str, version: str) -> str:
        """Reads a decimal number."""
        del version
        if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
            raise invalid(f"Invalid decimal: {_shown(value)}", param=path)
        return value


@dataclass(frozen=True)
class Percentage:
    """A number up to 100, above 0 unless `zero`, with a few decimals."""

    decimals: int = 2
    zero: bool = False

    def read(self, value: Decoded, path: str, version: str) -> float:
        """Reads a percentage."""
        del version
        fits = isinstance(value, str) and _DECIMAL.fullmatch(value) and len(value.partition(".")[2]) <= self.decimals
        if not isinstance(value, str) or not fits or not 0 <= float(value) <= 100 or not (self.zero or float(value)):  # noqa: PLR2004 - hundred per cent
            raise invalid(f"Invalid percentage: {_shown(value)}", param=path)
        return float(value)


@dataclass(frozen=True)
class Boolean:
    """`true` or `false`."""

    def read(self, value: Decoded, path: str, version: str) -> bool:
        """Reads a truth value."""
        del version
        if value in ("true", "false"):
            return value == "true"
        raise invalid(f"Invalid boolean: {_shown(value)}", param=path)


@dataclass(frozen=True)
class Array:
    """A list, numbered or appended on the wire."""

    item: Kind
    longest: int = 100
    blank: bool = False

    def read(self, value: Decoded, path: str, version: str) -> list[Any]:
        """Reads a list; digit keys are put in order."""
        if value == "" and self.blank:
            return []
        if isinstance(value, dict) and all(key.isdigit() for key in value):
            value = [value[key] for key in sorted(value, key=int)]
        if not isinstance(value, list):
            raise invalid("Invalid array", param=path)
        if len(value) > self.longest:
            raise invalid(f"Array {path} exceeded maximum {self.longest} allowed elements.", param=path)
        return [self.item.read(item, f"{path}[{index}]", version) for index, item in enumerate(value)]


@dataclass(frozen=True)
class Param:
    """One named parameter of a shape.

    `since` is the first API version (its date) that knows it. `gone_since` is the first one that refuses it: as
    unknown, or with `gone` where Stripe has an error of its own.
    """

    kind: Kind
    required: bool = False
    since: str = ""
    gone_since: str | None = None
    gone: Callable[[str], StripeError] | None = None


@dataclass(frozen=True)
class Shape:
    """An object with declared names."""

    params: Mapping[str, Param] = field(default_factory=dict[str, Param])
    blank: bool = False

    def read(self, value: Decoded, path: str, version: str) -> Any:
        """Reads a nested object; `blank` shapes take an empty string as None."""
        if value == "" and self.blank:
            return None
        if not isinstance(value, dict):
            raise invalid("Invalid object", param=path)
        self._refuse_unknown(value, path, version)
        for name, param in self.params.items():
            if param.required and value.get(name, "") == "":
                full = join(path, name)
                raise invalid(f"Missing required param: {full}.", code="parameter_missing", param=full)
        return {name: self.params[name].kind.read(item, join(path, name), version) for name, item in value.items()}

    def _refuse_unknown(self, value: dict[str, Decoded], path: str, version: str) -> None:
        unknown: list[str] = []
        for name in value:
            param = self.params.get(name)
            gone = param is not None and param.gone_since is not None and version >= param.gone_since
            if param is not None and gone and param.gone is not None:
                raise param.gone(join(path, name))
            if param is None or gone or version < param.since:
                unknown.append(join(path, name))
        if unknown:
            noun = "parameter" if len(unknown) == 1 else "parameters"
            raise invalid(f"Received unknown {noun}: {', '.join(unknown)}", code="parameter_unknown", param=unknown[0])

    def extended(self, more: Mapping[str, Param]) -> "Shape":
        """This shape with more names."""
        return Shape({**self.params, **more}, blank=self.blank)


@dataclass(frozen=True)
class PartlyBuilt:
    """A word of which Stripe knows more than this sandbox: those are refused honestly, unknown ones as Stripe does."""

    built: tuple[str, ...]
    not_built: tuple[str, ...]

    def read(self, value: Decoded, path: str, version: str) -> str:
        """Reads a word that is built."""
        if value in self.not_built:
            raise not_built_error(f"{path}={value}", path)
        return Choice(self.built + self.not_built).read(value, path, version)


@dataclass(frozen=True)
class NotBuilt:
    """A parameter that Stripe has and this sandbox has not: refused honestly rather than swallowed."""

    unless: Kind | None = None

    def read(self, value: Decoded, path: str, version: str) -> Any:
        """Refuses, except for the values that `unless` reads (those that switch the feature off)."""
        if self.unless is not None:
            try:
                return self.unless.read(value, path, version)
            except StripeError:
                pass
        raise not_built_error(path, path)


def not_built_error(what: str, param: str) -> StripeError:
    """What the sandbox answers where Stripe would do something that is not built here."""
    return invalid(
        f"{what} exists at Stripe but is not built in this sandbox yet.", code="sandbox_not_built", param=param
    )


def join(path: str, name: str) -> str:
    """The full name of a nested parameter, as errors call it."""
    return f"{path}[{name}]" if path else name


def _shown(value: Decoded) -> str:
    return value if isinstance(value, str) else "{...}" if isinstance(value, dict) else "[...]"
