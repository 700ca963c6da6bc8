"""The e-mail with the link by which a new operator sets a password.

It is in English, as the admin is. Following the link proves the address.
"""

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils.translation import override

from lib.letters import Letter
from merchants.models import User

SECONDS_A_DAY = 24 * 60 * 60


def write(user: User) -> Letter:
    """The e-mail to a new operator, in English, with a newly made link to set a password. It is not
    sent.
    """
    key = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    address = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), key])
    days = settings.PASSWORD_RESET_TIMEOUT // SECONDS_A_DAY
    body = (
        f"You are an operator of Tael now. Set your password here within {days} days:\n\n"
        f"{settings.TAEL_BASE_URL}{address}\n\n"
        f"Then sign in at {settings.TAEL_BASE_URL}{reverse('admin:index')} and set up a second"
        " factor.\n\n"
        "If you don't know what this is about, tell whoever runs Tael where you work."
    )
    with override("en"):
        return Letter(
            subject="Your access to Tael", body=body, to=[user.email], opens="Set your password"
        )
