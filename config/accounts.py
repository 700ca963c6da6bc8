"""How people sign in and look after their accounts, where allauth leaves it to us."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ResetPasswordKeyForm
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _


class InvitationOnly(DefaultAccountAdapter):
    """Accounts are made by an owner's invitation or an operator, never by whoever comes along."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def clean_email(self, email: str) -> str:
        """Let nobody ask for another address whose present one is not proved, and no operator.

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

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Never the one somebody signs in with."""
        is_theirs = email_address.email.lower() == email_address.user.email.lower()
        return not is_theirs and bool(super().can_delete_email(email_address))


class PasswordByLink(ResetPasswordKeyForm):
    """Whoever followed the link has read the mailbox, and so proved the address."""

    def save(self) -> None:
        super().save()
        addresses = EmailAddress.objects.filter(user=self.user)
        if addresses.exclude(email__iexact=self.user.email).exists():
            return  # the link may have gone to an address that is not theirs yet
        own, _is_new = addresses.get_or_create(user=self.user, defaults={"email": self.user.email})
        if not own.verified or not own.primary:
            own.verified = own.primary = True
            own.save(update_fields=["verified", "primary"])
