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
from django.utils.translation import gettext as _

from lib import clock
from merchants import queries, second_factor
from merchants.models import SignIn, User
from merchants.operations import sign_ins
from merchants.sign_in import guesses, visitors


class InvitationOnly(DefaultAccountAdapter):
    """allauth's adapter for accounts, which are made by an owner's invitation or an operator
    only.
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Require a second factor, proved minutes before, of those who have one when they change
        how they sign in.

        allauth would accept the password, given again, and asks here only whether anything is to be
        asked for at all: so we raise what it raises itself.
        """
        user = self.request.user
        if isinstance(user, User) and second_factor.has_one(user):
            if not second_factor.is_fresh(self.request, clock.now()):
                raise ReauthenticationRequired
            return False
        return bool(super().is_reauthentication_required(app=app, **more))

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """The ways to confirm; without the password for those who have a second factor, for whom
        it proves nothing.
        """
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if isinstance(user, User) and second_factor.has_one(user):
            return [method for method in found if method["id"] != "reauthenticate"]
        return found

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt for the address alone (merchants.sign_in.guesses); a right one is
        uncounted.
        """
        self._login_failed_rl_usage = guesses.claim(request, credentials.get("email") or "")
        if self._login_failed_rl_usage is None:
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
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
        guesses.forgive(request, credentials.get("email") or "")

    def clean_email(self, email: str) -> str:
        """Refuse another address to operators, and to people whose present one is not proved.

        allauth would drop the present one at once, and leave the account without any. An operator's
        is their name in the books: whoever approved something under one name could go on with
        another as a second person.
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
        """The mail with links that lead to TAEL_BASE_URL.

        allauth makes them of the host that the request names, which a caller who asks for a mail to
        somebody else may choose: the link would bring them what is secret in it.
        """
        led = {name: _ours(value) if name.endswith("_url") else value
               for name, value in context.items()}  # fmt: skip
        site = urlsplit(settings.TAEL_BASE_URL).netloc
        led["current_site"] = SimpleNamespace(name=site, domain=site)
        return super().render_mail(template_prefix, email, led, headers)

    def format_email_subject(self, subject: str) -> str:
        """The subject with Tael's name before it, and not the name of the host that was asked."""
        return f"[Tael] {subject}"

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Whether the address may be deleted: never the one that the person signs in with."""
        is_theirs = email_address.email.lower() == email_address.user.email.lower()
        return not is_theirs and bool(super().can_delete_email(email_address))


def _ours(address: Any) -> str:
    """The address of the same page at TAEL_BASE_URL."""
    asked = urlsplit(str(address))
    return settings.TAEL_BASE_URL + urlunsplit(("", "", asked.path, asked.query, asked.fragment))


class PasswordByLink(ResetPasswordKeyForm):
    """The form behind a link to set a password. Whoever followed the link has proved the
    address.
    """

    def save(self) -> None:
        super().save()
        addresses = EmailAddress.objects.filter(user=self.user)
        if addresses.exclude(email__iexact=self.user.email).exists():
            return  # the link may have gone to an address that is not theirs yet
        own, _is_new = addresses.get_or_create(user=self.user, defaults={"email": self.user.email})
        if not own.verified or not own.primary:
            own.verified = own.primary = True
            own.save(update_fields=["verified", "primary"])
