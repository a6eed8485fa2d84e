"""The error tree of the shop. No HTTP status stands here: the web layer maps codes to statuses and sentences.

VivrError
├── Refusal            a rule said no; nothing changed (insufficient_stock, order_already_paid …)
│   ├── Conflict       … because of the present state of things: the same call may succeed later or elsewhere
│   └── Declined       … by the customer's bank
├── InvalidInput       well-formed, but fields break a rule; names each field
├── NotFound           there is no such thing, or it is not yours
├── Unauthenticated    who are you?
├── Forbidden          you may not
├── Unavailable        Stripe or the database can't be reached now; nothing is known to have changed
└── ConstraintViolated the database refused what must never be (a bug or a race that no rule foresaw)

A pure ``model.py`` returns refusals as values; a use case raises them, so that its transaction rolls back.
"""

from collections.abc import Mapping


class VivrError(Exception):
    """Base of all errors that a caller may see.

    Attributes:
        code: a stable snake_case word that clients may test.
        details: values for the sentence that explains it (never personal data).
    """

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code: str = code
        self.details: dict[str, object] = details


class Refusal(VivrError):  # noqa: N818 - a refusal is the design's own word
    """A rule said no and nothing changed."""


class Conflict(Refusal):
    """The present state of things does not allow it."""


class Declined(Refusal):
    """The customer's bank said no."""


class InvalidInput(VivrError):  # noqa: N818 - reads as what it is
    """Fields break a rule.

    Attributes:
        fields: dotted path of the field -> code of the rule.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("validation_failed")
        self.fields: dict[str, str] = dict(fields)


class NotFound(VivrError):  # noqa: N818 - reads as what it is
    """There is no such thing, or the caller may not know of it."""

    def __init__(self, code: str = "not_found", **details: object) -> None:
        super().__init__(code, **details)


class Unauthenticated(VivrError):  # noqa: N818 - reads as what it is
    """The caller has to log in."""

    def __init__(self, code: str = "unauthenticated") -> None:
        super().__init__(code)


class Forbidden(VivrError):  # noqa: N818 - reads as what it is
    """The caller is known and may not."""

    def __init__(self, code: str = "forbidden") -> None:
        super().__init__(code)


class Unavailable(VivrError):  # noqa: N818 - reads as what it is
    """Something that we need can't be reached now.

    Attributes:
        retry_after_s: when a repeat makes sense.
    """

    def __init__(self, code: str = "unavailable", retry_after_s: int = 5) -> None:
        super().__init__(code)
        self.retry_after_s: int = retry_after_s


class ConstraintViolated(VivrError):  # noqa: N818 - reads as what it is
    """The database refused what must never be.

    Attributes:
        constraint: the constraint's name.
    """

    def __init__(self, constraint: str, code: str) -> None:
        super().__init__(code, constraint=constraint)
        self.constraint: str = constraint
