from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitationOnly(DefaultAccountAdapter):
    """Accounts are made by an owner's invitation or an operator, never by whoever comes along."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
