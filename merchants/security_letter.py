"""The e-mails about how people sign in, and about who belongs to a merchant.

Operations keep the details as text (merchants.operations.security_mails); here they become a
subject and sentences in the reader's language. Instants are in UTC, since the reader may be
anywhere.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from lib.formats import instant_text
from lib.letters import Letter
from merchants.models import Membership, SecurityMail
from merchants.templatetags.browsers import browser

Kind = SecurityMail.Kind

# Subject and sentence.
TEXTS = {
    Kind.FACTOR_ADDED: (
        _("A second factor was added to your account"),
        _("%(factor)s was added to your account."),
    ),
    Kind.FACTOR_REMOVED: (
        _("A second factor was removed from your account"),
        _("%(factor)s was removed from your account."),
    ),
    Kind.FACTORS_TAKEN: (
        _("Your second factors were taken away"),
        _(
            "Our team took all second factors off your account and signed you out everywhere, as"
            " somebody had told us that they were lost."
        ),
    ),
    Kind.CODES_MADE: (
        _("New recovery codes were made for your account"),
        _("Recovery codes were made for your account. Those before, if any, do not work any more."),
    ),
    Kind.CODES_SEEN: (
        _("Your recovery codes were looked at"),
        _("Somebody who was signed in to your account looked at its recovery codes."),
    ),
    Kind.CODE_USED: (
        _("A recovery code of your account was used"),
        _("A recovery code was used in place of your second factor. It works only once."),
    ),
    Kind.PASSWORD_CHANGED: (
        _("Your password was changed"),
        _("The password of your account was changed."),
    ),
    Kind.ADDRESS_ASKED: (
        _("Another e-mail address was asked for"),
        _(
            "The e-mail address of your account is to change from %(before)s to %(after)s. It does"
            " so once the link that we sent to the new address is opened."
        ),
    ),
    Kind.ADDRESS_CHANGED: (
        _("Your e-mail address was changed"),
        _("The e-mail address of your account was changed from %(before)s to %(after)s."),
    ),
    Kind.NEW_BROWSER: (
        _("A sign-in from a browser that we don't know"),
        _("Somebody signed in to your account with %(browser)s from %(ip)s."),
    ),
    Kind.LOCKED_OUT: (
        _("Your account is locked for up to 15 minutes"),
        _(
            "Five wrong passwords or codes were given for your address, the last one from %(ip)s."
            " For up to 15 minutes nobody signs in with it, not even with the right ones."
        ),
    ),
    Kind.FIRST_FACTOR: (
        _("%(who)s has set up a second factor"),
        _(
            "%(who)s has set up a second factor for the first time. From %(opens_at)s on it opens"
            " what takes money out of %(merchant)s."
        ),
    ),
    Kind.MEMBER_JOINED: (
        _("%(who)s joined the team"),
        _("%(who)s belongs to %(merchant)s now, as: %(role)s. Invited by: %(by)s."),
    ),
    Kind.ROLE_CHANGED: (
        _("The role of %(who)s was changed"),
        _(
            "%(who)s had this role at %(merchant)s: %(before)s. It is this one now: %(role)s."
            " Changed by: %(by)s."
        ),
    ),
    Kind.MEMBER_LEFT: (
        _("%(who)s was taken off the team"),
        _("%(who)s does not belong to %(merchant)s any more. Decided by: %(by)s."),
    ),
    f"{Kind.FACTOR_REQUIRED} yes": (
        _("Members need a second factor now"),
        _("From now on, only members with a second factor see %(merchant)s. Decided by: %(by)s."),
    ),
    f"{Kind.FACTOR_REQUIRED} no": (
        _("Members need no second factor any more"),
        _("From now on, members see %(merchant)s without a second factor. Decided by: %(by)s."),
    ),
}
FACTORS = {
    "totp": _("An authenticator app"),
    "webauthn": _("A passkey or security key"),
    "recovery_codes": _("A set of recovery codes"),
}
OUR_TEAM = "our team"  # in details, for who is told of no name of ours
ROLES = dict(Membership.Role.choices)


def write(mail: SecurityMail) -> Letter:
    """The e-mail that the row keeps, in the reader's language if we know it, or else in the
    merchant's: what happened, when, and what to do if one did not expect it. It is not sent.
    """
    with override(mail.user.language or _merchants_language(mail)):
        subject, sentence = (str(text) % _readable(mail) for text in _texts(mail))
        body = gettext("%(sentence)s\n\nThis happened at %(at)s.\n\n%(advice)s\n\n%(link)s") % {
            "sentence": sentence,
            "at": _instant(mail.at),
            "advice": _advice(mail),
            "link": settings.TAEL_BASE_URL + _page(mail),
        }
        return Letter(subject=str(subject), body=body, to=[mail.address], opens=_opens(mail))


def _texts(mail: SecurityMail) -> tuple[object, object]:
    """The (subject, sentence) of the mail's kind, each to be filled in by "%" with what `_readable`
    gives.
    """
    return TEXTS.get(f"{mail.kind} {mail.details.get('is_on', '')}") or TEXTS[Kind(mail.kind)]


def _advice(mail: SecurityMail) -> str:
    """The sentence about what the reader should do if they did not expect this."""
    if mail.merchant is not None:
        return gettext("If you don't know of this, change it on this page and tell us at once:")
    return gettext(
        "If that was not you, change your password, sign out all other browsers on this page, and"
        " tell us at once:"
    )


def _page(mail: SecurityMail) -> str:
    """The path of the page on which the reader can act: the merchant's team, if the mail is about a
    merchant, and otherwise the list of their own sessions.
    """
    if mail.merchant is not None:
        return reverse("merchant:team", args=[mail.merchant.reference])
    return reverse("usersessions_list")


def _opens(mail: SecurityMail) -> str:
    """The text of the button that opens the page of `_page`: the merchant's team, or the person's
    sessions.
    """
    if mail.merchant is not None:
        return gettext("Open the team's page")
    return gettext("See where you are signed in")


def _merchants_language(mail: SecurityMail) -> str:
    """The language of the merchant that the mail is about, or else of the first merchant that the
    reader belongs to, or else the default.
    """
    if mail.merchant is not None:
        return mail.merchant.language
    language = mail.user.memberships.order_by("pk").values_list("merchant__language", flat=True)
    return language.first() or settings.LANGUAGE_CODE


def _readable(mail: SecurityMail) -> Mapping[str, str]:
    """The e-mail's details as its sentences show them: instants, roles, factors, browsers and
    OUR_TEAM in words of the language in force, and the merchant's name as `merchant`, "" if it is
    about none.
    """
    shown = dict(mail.details)
    shown["merchant"] = mail.merchant.name if mail.merchant is not None else ""
    for name in ("role", "before"):
        if shown.get(name) in ROLES:
            shown[name] = str(ROLES[Membership.Role(shown[name])])
    if "factor" in shown:
        shown["factor"] = str(FACTORS.get(shown["factor"], shown["factor"]))
    if "opens_at" in shown:
        shown["opens_at"] = _instant(datetime.fromisoformat(shown["opens_at"]))
    if "browser" in shown:
        shown["browser"] = browser(shown["browser"]) or gettext("an unnamed browser")
    if shown.get("by") == OUR_TEAM:
        shown["by"] = gettext("Our team")
    return shown


def _instant(at: datetime) -> str:
    """The instant in UTC, as the reader's language writes it."""
    with timezone.override(UTC):
        return f"{instant_text(at)} UTC"
