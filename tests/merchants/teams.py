"""What tests of a team have in common: inviting, and who belongs to it."""

import re
from itertools import count

from django.core import mail

from merchants.models import Membership, User
from tests.factories import proved
from tests.shops import Shop
from tests.text import text_of

TEAM = "/m/rosewood/settings/team/"

INVITE = f"{TEAM}invite/"

_numbers = count(1)

NEW_PASSWORD = {"new_password1": "a long one indeed", "new_password2": "a long one indeed"}


def to_invite(email: str, role: str) -> dict[str, str]:
    """What the form says; each is another form."""
    return {"email": email, "role": role, "request_key": f"form-{next(_numbers)}"}


def invite(owner: User, email: str = "mei@shop.example", role: str = "FINANCE") -> str:
    """The link's path, as it stands in the e-mail."""
    response = proved(owner).post(INVITE, to_invite(email, role))
    assert response.status_code == 302, text_of(response)
    return link()


def link() -> str:
    """The path of the invitation in the latest mail."""
    found = re.search(r"/invitations/\S+/", str(mail.outbox[-1].body))
    assert found
    return found[0]


def role_of(email: str, shop: Shop) -> str | None:
    """The role of this person at the shop; None without one."""
    found = Membership.objects.filter(user__email=email, merchant=shop.merchant).first()
    return found.role if found else None


def members(shop: Shop) -> dict[str, str]:
    """The role of each member, by e-mail address."""
    found = Membership.objects.filter(merchant=shop.merchant)
    return dict(found.values_list("user__email", "role"))
