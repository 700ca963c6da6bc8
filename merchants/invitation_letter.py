"""The e-mail that invites somebody to a merchant's team; nothing else has the invitation's link."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, override

from lib.letters import Letter
from merchants.models import Invitation, User


def write(invitation: Invitation, token: str) -> Letter:
    """Write the e-mail of the invitation with the link that has `token`, and return it; it
    is not sent. It is in the language of the account that has the invited address, or in
    the merchant's if there is no such account or it has chosen no language.
    """
    merchant = invitation.merchant
    reader = User.objects.filter(email__iexact=invitation.email).first()
    with override((reader and reader.language) or merchant.language):
        body = gettext(
            "%(inviter)s invites you to %(merchant)s on Tael, as: %(role)s.\n\n"
            "To accept, open this link within seven days; it works once:\n\n%(link)s\n\n"
            "If you don't know what this is about, you need not do anything."
        ) % {
            "inviter": invitation.inviter,
            "merchant": merchant.name,
            "role": invitation.get_role_display(),
            "link": settings.TAEL_BASE_URL + reverse("merchants:invitation", args=[token]),
        }
        subject = gettext("%(merchant)s invites you to Tael") % {"merchant": merchant.name}
        return Letter(
            subject=subject, body=body, to=[invitation.email], opens=gettext("See the invitation")
        )
