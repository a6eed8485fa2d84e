"""Which passwords are refused: those that are short, made of the person's own words, or soon guessed.

How soon is the estimate of zxcvbn, whose lists hold 30,000 common passwords, names and words; its score of 3 means over
10^8 guesses ("safely unguessable" where the hash is slow, https://www.usenix.org/conference/usenixsecurity16/
technical-sessions/presentation/wheeler). It reads 100 characters at most and takes milliseconds for them.
"""

from typing import Final

from zxcvbn_rs_py import zxcvbn

from vivr.customers.model import own_words, password_problem

_SCORE_MIN: Final = 3


def judge_password(password: str, *, email: str, name: str, shop_name: str) -> str | None:
    """The code of the rule that a normalised password breaks, or None."""
    words = own_words((email, name, shop_name))
    problem = password_problem(password, words)
    if problem is not None:
        return problem
    strength = zxcvbn(password, sorted({*words, email, name, shop_name}))
    return "password_common" if int(strength.score) < _SCORE_MIN else None
