"""Adapters and forms of allauth: how people sign in and look after their accounts."""

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordKeyForm
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from lib import clock
from lib.letters import Letter
from merchants import queries, second_factor
from merchants.models import SignIn, User
from merchants.operations import sign_ins
from merchants.sign_in import guesses, visitors

# What the button of allauth's mails says; those without one here have no address to follow.
OPENS = {
    "account/email/email_confirmation": gettext_lazy("Confirm the address"),
    "account/email/email_confirmation_signup": gettext_lazy("Confirm the address"),
    "account/email/password_reset_key": gettext_lazy("Choose a new password"),
}


class InvitationOnly(DefaultAccountAdapter):
    """allauth's account adapter. Nobody signs up: accounts are created for invitations and for
    operators.
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Always False: accounts are made for invitations and for operators."""
        return False

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Whether the person has to confirm who they are before they change how they sign in.
        For people without a second factor allauth decides, by its settings for its app `app`.
        For all others it is False if they confirmed a second factor in this session within
        ACCOUNT_REAUTHENTICATION_TIMEOUT, and otherwise ReauthenticationRequired is raised. It
        is raised here because allauth, if it were told True, would be content with a password
        that was given lately.
        """
        user = self.request.user
        if isinstance(user, User) and second_factor.has_one(user):
            if not second_factor.is_fresh(self.request, clock.now()):
                raise ReauthenticationRequired
            return False
        return bool(super().is_reauthentication_required(app=app, **more))

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """The ways in which the person can confirm a session. The password is not one for people
        who have a second factor.
        """
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if isinstance(user, User) and second_factor.has_one(user):
            return [method for method in found if method["id"] != "reauthenticate"]
        return found

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count an attempt to sign in with this e-mail address (merchants.sign_in.guesses). allauth
        uncounts it if it was right. Raises ValidationError if the address, or the network address,
        is locked.
        """
        self._login_failed_rl_usage = guesses.claim(request, credentials.get("email") or "")
        if self._login_failed_rl_usage is None:
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Log the wrong password; if this was the last attempt allowed for the e-mail address, log
        as well that the address is locked and, if it is that of an account, write a trail row and
        an e-mail to the person, which a job sends.
        """
        address, now = credentials.get("email") or "", clock.now()
        sign_ins.log(
            SignIn.Kind.FAILED,
            visitors.of(request),
            address=address,
            user=queries.person(address),
            now=now,
        )
        guesses.was_wrong(request, address)

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        """Reset the count of wrong attempts for the person's e-mail address after a password was
        set by a link, except for people with a second factor (`guesses.forgive`).
        """
        guesses.forgive(request, credentials.get("email") or "")

    def clean_email(self, email: str) -> str:
        """Return the new e-mail address. Raises ValidationError for operators, unless it is the one
        that they have, for people without a verified address, and for what allauth refuses.

        allauth would drop an unverified address at once, and leave the account without any. An
        operator's address is their name in the books: under another one they could act as a second
        person on what they have approved.
        """
        user = self.request.user
        if user.is_authenticated and user.is_staff and email.lower() != user.email.lower():
            raise ValidationError(
                "Operators keep their address. An administrator can add you under another one."
            )
        proved = EmailAddress.objects.filter(user_id=user.pk, verified=True)
        if user.is_authenticated and not proved.exists():
            raise ValidationError(_("First verify the address that you have."))
        return str(super().clean_email(email))

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> Any:
        """The e-mail in the language that its reader has chosen, if any, with links to
        TAEL_BASE_URL, as text and HTML.

        allauth takes the host from the request. Whoever asks for an e-mail to somebody else could
        name a host of their own, and would be sent the secret in the link.
        """
        led = {name: _ours(value) if name.endswith("_url") else value
               for name, value in context.items()}  # fmt: skip
        site = urlsplit(settings.TAEL_BASE_URL).netloc
        led["current_site"] = SimpleNamespace(name=site, domain=site)
        reader = context.get("user")
        with override(getattr(reader, "language", "") or get_language()):
            letter = super().render_mail(template_prefix, email, led, headers)
            return Letter(
                subject=letter.subject,
                body=letter.body,
                to=letter.to,
                opens=OPENS.get(template_prefix, ""),
                headers=headers,
            )

    def format_email_subject(self, subject: str) -> str:
        """The subject after Tael's name; allauth would put the host of the request there."""
        return f"[Tael] {subject}"

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Whether a person's e-mail address may be deleted from their account. The one that they
        sign in with never may.
        """
        is_theirs = email_address.email.lower() == email_address.user.email.lower()
        return not is_theirs and bool(super().can_delete_email(email_address))


def _ours(address: Any) -> str:
    """The web address with the same path, query and fragment, but at TAEL_BASE_URL."""
    asked = urlsplit(str(address))
    return settings.TAEL_BASE_URL + urlunsplit(("", "", asked.path, asked.query, asked.fragment))


class PasswordByLink(ResetPasswordKeyForm):
    """The form behind a mailed link to set a password. Saving it also marks the address as
    verified.
    """

    def save(self) -> None:
        """Set the password. Also mark the person's address as verified and primary, as the link has
        proved it, unless they have another address: then the link may have gone to that.
        """
        super().save()
        addresses = EmailAddress.objects.filter(user=self.user)
        if addresses.exclude(email__iexact=self.user.email).exists():
            return  # the link may have gone to an address that is not theirs yet
        own, _is_new = addresses.get_or_create(user=self.user, defaults={"email": self.user.email})
        if not own.verified or not own.primary:
            own.verified = own.primary = True
            own.save(update_fields=["verified", "primary"])
