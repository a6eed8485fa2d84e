"""Why a payment is refused: codes, messages in both languages, and what the charge's outcome then says.

Source: Stripe docs, decline codes and error codes; recorded answers for the generic decline.
"""

from dataclasses import dataclass

_NO_DETAILS = "The bank did not return any further details with this decline."


@dataclass(frozen=True)
class Decline:
    """One way to be refused; `decline_code` None where the error code itself says it."""

    code: str
    decline_code: str | None
    message: str
    message_fr: str
    reason: str
    advice_code: str = "try_again_later"
    network_decline_code: str = "01"
    seller_message: str = _NO_DETAILS
    network_status: str = "declined_by_network"
    type: str = "issuer_declined"


_DECLINED = ("Your card was declined.", "Votre carte a été refusée.")


def _plain(decline_code: str, advice: str = "try_again_later", network: str = "01") -> Decline:
    return Decline("card_declined", decline_code, *_DECLINED, decline_code, advice, network)


GENERIC = _plain("generic_decline")
LOST = _plain("lost_card", "do_not_try_again", "41")
STOLEN = _plain("stolen_card", "do_not_try_again", "43")
INSUFFICIENT_FUNDS = Decline(
    "card_declined",
    "insufficient_funds",
    "Your card has insufficient funds.",
    "Les fonds disponibles sur votre carte sont insuffisants.",
    "insufficient_funds",
    "try_again_later",
    "51",
)
VELOCITY = Decline(
    "card_declined",
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    "Votre carte a été refusée : trop de tentatives, ou plafond dépassé.",
    "card_velocity_exceeded",
    "try_again_later",
    "65",
)
EXPIRED = Decline(
    "expired_card", None, "Your card has expired.", "Votre carte a expiré.", "expired_card", "confirm_card_data", "54"
)
INCORRECT_CVC = Decline(
    "incorrect_cvc",
    None,
    "Your card's security code is incorrect.",
    "Le code de sécurité de votre carte est incorrect.",
    "incorrect_cvc",
    "confirm_card_data",
    "N7",
)
PROCESSING_ERROR = Decline(
    "processing_error",
    None,
    "An error occurred while processing your card. Try again in a little bit.",
    "Une erreur s'est produite lors du traitement de votre carte. Réessayez dans un instant.",
    "processing_error",
    "try_again_later",
    "96",
)
RADAR_BLOCK = Decline(
    "card_declined",
    "generic_decline",
    *_DECLINED,
    "highest_risk_level",
    "do_not_try_again",
    "",
    "Stripe blocked this payment as too risky.",
    "not_sent_to_network",
    "blocked",
)
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "Votre carte a été refusée. Ce paiement demande une authentification.",
    "authentication_required",
    "try_again_later",
    "1A",
)
BANK_DEBIT_FAILED = Decline(
    "payment_method_provider_decline",
    "generic_decline",
    "The bank debit could not be completed.",
    "Le prélèvement n'a pas pu être effectué.",
    "generic_decline",
)
BANK_INSUFFICIENT_FUNDS = Decline(
    "insufficient_funds",
    None,
    "The bank account has insufficient funds.",
    "Les fonds disponibles sur le compte bancaire sont insuffisants.",
    "insufficient_funds",
)
AUTHENTICATION_FAILED_CODE = "payment_intent_authentication_failure"
SETUP_AUTHENTICATION_FAILED_CODE = "setup_intent_authentication_failure"
AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
    "Nous n'avons pas pu authentifier votre moyen de paiement. Choisissez-en un autre et réessayez.",
)

_ALL = (
    GENERIC,
    INSUFFICIENT_FUNDS,
    VELOCITY,
    EXPIRED,
    INCORRECT_CVC,
    PROCESSING_ERROR,
    AUTHENTICATION_REQUIRED,
    BANK_DEBIT_FAILED,
    BANK_INSUFFICIENT_FUNDS,
)
_FRENCH = {decline.message: decline.message_fr for decline in _ALL} | {
    AUTHENTICATION_FAILED[0]: AUTHENTICATION_FAILED[1]
}


def localized(message: str, language: str) -> str:
    """The message of an error in the buyer's language (`fr` or `en`)."""
    return _FRENCH.get(message, message) if language == "fr" else message
