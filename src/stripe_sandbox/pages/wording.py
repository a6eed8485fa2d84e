"""The words of the buyer's pages in both languages, and which language a page speaks."""

from typing import Literal

Language = Literal["fr", "en"]

# The English word first, then the French one.
WORDS: dict[str, tuple[str, str]] = {
    "pay_title": ("Payment", "Paiement"),
    "test_mode": ("TEST MODE", "MODE TEST"),
    "order_at": ("Your order at", "Votre commande chez"),
    "total": ("Total due", "Total à payer"),
    "discount": ("Discount", "Remise"),
    "delivery": ("Delivery", "Livraison"),
    "tax": ("Tax", "Taxes"),
    "tax_included": ("including tax of", "dont taxes"),
    "quantity": ("Qty", "Qté"),
    "quantity_of": ("Quantity of", "Quantité de"),
    "promotion_code": ("Promotion code", "Code promo"),
    "drop_code": ("Remove", "Retirer"),
    "update_order": ("Update order", "Actualiser la commande"),
    "setup_at": ("Save a payment method for", "Enregistrer un moyen de paiement pour"),
    "setup_text": (
        "Nothing is charged now. The shop may use it for later payments.",
        "Rien n’est débité maintenant. La boutique pourra l’utiliser pour des paiements ultérieurs.",
    ),
    "save": ("Save", "Enregistrer"),
    "shipping_title": ("Delivery address", "Adresse de livraison"),
    "shipping_name": ("Full name", "Nom complet"),
    "shipping_line1": ("Address", "Adresse"),
    "shipping_line2": ("Address, second line", "Complément d’adresse"),
    "shipping_postal_code": ("Postal code", "Code postal"),
    "shipping_city": ("City", "Ville"),
    "shipping_country": ("Country", "Pays"),
    "billing_title": ("Billing address", "Adresse de facturation"),
    "billing_line1": ("Address", "Adresse"),
    "billing_line2": ("Address, second line", "Complément d’adresse"),
    "billing_postal_code": ("Postal code", "Code postal"),
    "billing_city": ("City", "Ville"),
    "billing_country": ("Country (two letters)", "Pays (deux lettres)"),
    "phone": ("Phone", "Téléphone"),
    "optional": ("optional", "facultatif"),
    "terms": ("I accept the shop’s terms of service.", "J’accepte les conditions de la boutique."),
    "promotions": ("Send me news and offers.", "Je souhaite recevoir des offres."),
    "each": ("each", "l’unité"),
    "email": ("Email", "E-mail"),
    "pay_with": ("Payment method", "Moyen de paiement"),
    "card": ("Card", "Carte"),
    "sepa_debit": ("SEPA Direct Debit", "Prélèvement SEPA"),
    "card_number": ("Card number", "Numéro de carte"),
    "expiry": ("Expiry (MM / YY)", "Expiration (MM / AA)"),
    "cvc": ("Security code", "Code de sécurité"),
    "name_on_card": ("Name on card", "Nom sur la carte"),
    "name": ("Account holder", "Titulaire du compte"),
    "iban": ("IBAN", "IBAN"),
    "mandate": (
        "By paying you allow this shop to debit your account once. Test accounts only.",
        "En payant, vous autorisez ce commerce à prélever votre compte une fois. Comptes de test uniquement.",
    ),
    "mandate_to_save": (
        "You allow this shop to debit your account later. Test accounts only.",
        "Vous autorisez ce commerce à prélever votre compte plus tard. Comptes de test uniquement.",
    ),
    "pay": ("Pay", "Payer"),
    "book": ("Book", "Réserver"),
    "donate": ("Donate", "Donner"),
    "subscribe": ("Subscribe", "S’abonner"),
    "cancel": ("Back to the shop", "Retour à la boutique"),
    "test_cards": ("Test cards", "Cartes de test"),
    "any_date": ("Any future date, any security code.", "Une date future et un code quelconques."),
    "card_ok": ("succeeds", "réussit"),
    "card_declined": ("is declined", "est refusée"),
    "card_3ds": ("asks for 3-D Secure", "demande 3-D Secure"),
    "card_funds": ("has insufficient funds", "provision insuffisante"),
    "sandbox_note": (
        "This is the payment page of a local sandbox. No money moves; never type a real card number here.",
        "Page de paiement d’un bac à sable local. Aucun argent ne circule ; n’y saisissez jamais une vraie carte.",
    ),
    "number_invalid": ("Your card number is invalid.", "Votre numéro de carte n’est pas valide."),
    "number_incorrect": ("Your card number is incorrect.", "Votre numéro de carte est incorrect."),
    "number_real": (
        "Your card was declined. This is a test page, and that is not a test card. Nothing was stored.",
        "Votre carte a été refusée. C’est une page de test et ce n’est pas une carte de test. Rien n’a été conservé.",
    ),
    "expiry_invalid": (
        "Your card's expiration date is incomplete.",
        "La date d’expiration de votre carte est incomplète.",
    ),
    "expiry_past": ("Your card's expiration date is in the past.", "La date d’expiration de votre carte est passée."),
    "cvc_invalid": ("Your card's security code is incomplete.", "Le code de sécurité de votre carte est incomplet."),
    "name_missing": ("Enter the name.", "Indiquez le nom."),
    "email_invalid": ("Enter a valid email address.", "Indiquez une adresse e-mail valide."),
    "field_missing": ("This field is missing.", "Ce champ est obligatoire."),
    "country_invalid": ("Choose one of the countries.", "Choisissez un pays."),
    "phone_invalid": ("Enter a phone number.", "Indiquez un numéro de téléphone."),
    "answer_invalid": ("This answer is not possible.", "Cette réponse n’est pas possible."),
    "terms_missing": ("Accept the terms to go on.", "Acceptez les conditions pour continuer."),
    "quantity_invalid": ("That quantity is not possible.", "Cette quantité n’est pas possible."),
    "delivery_invalid": ("Choose one of the ways of delivery.", "Choisissez un mode de livraison."),
    "code_invalid": ("This code is invalid.", "Ce code n’est pas valide."),
    "order_invalid": ("The total would be too small or too large.", "Le total serait trop petit ou trop grand."),
    "order_empty": ("An order needs at least one article.", "Une commande comporte au moins un article."),
    "order_changed": (
        "The order has changed meanwhile. Look at the total and press the button again.",
        "La commande a changé entre-temps. Vérifiez le total et appuyez de nouveau sur le bouton.",
    ),
    "iban_invalid": ("The IBAN is invalid.", "L’IBAN n’est pas valide."),
    "iban_real": (
        "This is a test page, and that is not a test IBAN. Nothing was stored.",
        "C’est une page de test et ce n’est pas un IBAN de test. Rien n’a été conservé.",
    ),
    "expired_title": ("This payment page has expired", "Cette page de paiement a expiré"),
    "expired_text": (
        "Nothing was charged. Go back to the shop to start again.",
        "Rien n’a été débité. Revenez à la boutique pour recommencer.",
    ),
    "complete_title": ("This payment is complete", "Ce paiement est terminé"),
    "complete_text": (
        "You can close this page, or go back to the shop.",
        "Vous pouvez fermer cette page ou revenir à la boutique.",
    ),
    "challenge_title": ("Your bank asks for your consent", "Votre banque demande votre accord"),
    "challenge_text": (
        "3-D Secure 2 test page: decide how your bank answers.",
        "Page de test 3-D Secure 2 : décidez de la réponse de votre banque.",
    ),
    "challenge_amount": ("Amount", "Montant"),
    "challenge_card": ("Card", "Carte"),
    "challenge_complete": ("Complete authentication", "Réussir l’authentification"),
    "challenge_fail": ("Fail authentication", "Échouer l’authentification"),
    "challenge_over_title": ("Nothing to authenticate", "Rien à authentifier"),
    "challenge_over_text": (
        "This step is over. You can close this page.",
        "Cette étape est terminée. Vous pouvez fermer cette page.",
    ),
    "not_found_title": ("No such page", "Page introuvable"),
    "not_found_text": ("This sandbox does not know that address.", "Ce bac à sable ne connaît pas cette adresse."),
}


def words(language: Language) -> dict[str, str]:
    """All words of one language."""
    place = 1 if language == "fr" else 0
    return {name: pair[place] for name, pair in WORDS.items()}


def choose_language(locale: str | None, accept_language: str) -> Language:
    """The session's locale decides; `auto` follows the browser; what is not French is English."""
    wanted = locale if locale not in (None, "auto") else accept_language.strip().lower()
    return "fr" if wanted.lower().startswith("fr") else "en"
