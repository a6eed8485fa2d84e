"""A money exception as staff sees it: the story, and each choice with its effect or the reason against it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vivr.money_exceptions.explain import STORIES, choices_of
from vivr.money_exceptions.model import RULED, Action, ExceptionState, MoneyException
from vivr.web.error_table import ERRORS
from vivr.web.errors import sentence


@dataclass(frozen=True, slots=True)
class ShownChoice:
    """A choice in the reader's language; ``why_not`` says why it can't be taken."""

    action: Action
    effect: str
    why_not: str | None


@dataclass(frozen=True, slots=True)
class ShownException:
    """An exception in the reader's language.

    Attributes:
        goes_back_at: when the rule gives it back if nobody decides; None: it never does.
    """

    exception: MoneyException
    story: str
    choices: list[ShownChoice]
    goes_back_at: datetime | None


def show_exception(exception: MoneyException, locale: str, rule_after: timedelta | None) -> ShownException:
    """Put an exception into words."""
    is_ruled = exception.state == ExceptionState.OPEN and exception.kind in RULED and exception.rounds == 0
    return ShownException(
        exception,
        sentence(STORIES[exception.kind], locale),
        [
            ShownChoice(
                choice.action,
                sentence(choice.effect, locale),
                sentence(ERRORS[choice.refused][1], locale) if choice.refused else None,
            )
            for choice in choices_of(exception)
        ],
        exception.created_at + rule_after if is_ruled and rule_after is not None else None,
    )
