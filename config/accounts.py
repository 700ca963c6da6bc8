from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _


class InvitationOnly(DefaultAccountAdapter):
    """Accounts are made by an owner's invitation or an operator, never by whoever comes along."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def clean_email(self, email: str) -> str:
        """Let nobody ask for another address whose present one is not proved.

        allauth would drop the present one at once, and leave the account without any.
        """
        user = self.request.user
        proved = EmailAddress.objects.filter(user_id=user.pk, verified=True)
        if user.is_authenticated and not proved.exists():
            raise ValidationError(_("First verify the address that you have."))
        return str(super().clean_email(email))

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Never the one somebody signs in with."""
        is_theirs = email_address.email.lower() == email_address.user.email.lower()
        return not is_theirs and bool(super().can_delete_email(email_address))
