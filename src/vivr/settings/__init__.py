"""The only reader of the environment: one frozen ``Settings``, read once, or one error that lists every problem.

``table`` declares each setting (name, reading, value when unset, meaning), ``parsers`` turn one text into one value,
``rules`` judge several settings together, ``reading`` puts them to work and ``description`` shows the outcome.
No secret has a default, and no problem, row or ``repr`` ever holds a secret's value.
"""

from vivr.settings.addresses import STRIPE_API_BASE
from vivr.settings.description import (
    SettingReference,
    SettingRow,
    describe_settings,
    settings_reference,
    settings_without_effect,
)
from vivr.settings.parsers import STRIPE_API_VERSION
from vivr.settings.reading import read_settings
from vivr.settings.table import Settings
from vivr.settings.values import (
    CaptureMethod,
    ExceptionPolicy,
    LapsePolicy,
    MailSecurity,
    MailServer,
    Problem,
    RateLimit,
    RefundPolicy,
    Secret,
    SettingsError,
    ThreeDSecurePolicy,
)

__all__ = [
    "STRIPE_API_BASE",
    "STRIPE_API_VERSION",
    "CaptureMethod",
    "ExceptionPolicy",
    "LapsePolicy",
    "MailSecurity",
    "MailServer",
    "Problem",
    "RateLimit",
    "RefundPolicy",
    "Secret",
    "SettingReference",
    "SettingRow",
    "Settings",
    "SettingsError",
    "ThreeDSecurePolicy",
    "describe_settings",
    "read_settings",
    "settings_reference",
    "settings_without_effect",
]
