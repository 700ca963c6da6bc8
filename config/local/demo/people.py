"""Who can sign in to the demonstration, and as what."""

from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction

from billing.roles import BILLING_OFFICER as DECIDES_INVOICES
from credit.roles import CREDIT_OFFICER as DECIDES_CREDIT
from merchants import roles
from merchants.models import Membership, Merchant

PASSWORD = "tael-demo"
ADMINISTRATOR = "admin@tael.example"
CREDIT_OFFICER = "credit@tael.example"
BILLING_OFFICER = "billing@tael.example"
SECOND_BILLING_OFFICER = "bills@tael.example"  # confirms what the first one proposes
PAYER = "payouts@tael.example"  # sends what the credit officer approved
SECOND_ADMINISTRATOR = "people@tael.example"  # confirms what the first one proposes
AUDITOR = "auditor@tael.example"


class Login(NamedTuple):
    """A person who can sign in to the demonstration."""

    email: str
    password: str
    what: str
    role: str = ""  # of an operator


LOGINS = [
    Login("owner@silk.example", PASSWORD, "owner of Siam Silk House"),
    Login("finance@silk.example", PASSWORD, "finance at Siam Silk House, viewer at Meili Dresses"),
    Login("viewer@silk.example", PASSWORD, "viewer at Siam Silk House"),
    Login("owner@meili.example", PASSWORD, "owner of Meili Dresses and of Huaxin Electronics"),
    Login("finance@meili.example", PASSWORD, "finance at Meili Dresses and Huaxin Electronics"),
    Login("viewer@huaxin.example", PASSWORD, "viewer at Huaxin Electronics"),
    Login("owner@lakeside.example", PASSWORD, "owner of Lakeside Outfitters"),
    Login("finance@lakeside.example", PASSWORD, "finance at Lakeside Outfitters"),
    Login("viewer@lakeside.example", PASSWORD, "viewer at Lakeside Outfitters"),
    Login(ADMINISTRATOR, PASSWORD, "administrator, at /admin/", roles.ADMINISTRATOR),
    Login(SECOND_ADMINISTRATOR, PASSWORD, "second administrator, at /admin/", roles.ADMINISTRATOR),
    Login(CREDIT_OFFICER, PASSWORD, "credit officer, at /admin/", DECIDES_CREDIT),
    Login(PAYER, PASSWORD, "second credit officer, at /admin/", DECIDES_CREDIT),
    Login(BILLING_OFFICER, PASSWORD, "billing officer, at /admin/", DECIDES_INVOICES),
    Login(SECOND_BILLING_OFFICER, PASSWORD, "second billing officer, at /admin/", DECIDES_INVOICES),
    Login(AUDITOR, PASSWORD, "auditor, at /admin/", roles.AUDITOR),
]

# (merchant, e-mail address, role)
ROLES = [
    ("siam-silk", "owner@silk.example", "OWNER"),
    ("siam-silk", "finance@silk.example", "FINANCE"),
    ("siam-silk", "viewer@silk.example", "VIEWER"),
    ("meili", "owner@meili.example", "OWNER"),
    ("meili", "finance@meili.example", "FINANCE"),
    ("meili", "finance@silk.example", "VIEWER"),
    ("huaxin", "owner@meili.example", "OWNER"),
    ("huaxin", "finance@meili.example", "FINANCE"),
    ("huaxin", "viewer@huaxin.example", "VIEWER"),
    ("lakeside", "owner@lakeside.example", "OWNER"),
    ("lakeside", "finance@lakeside.example", "FINANCE"),
    ("lakeside", "viewer@lakeside.example", "VIEWER"),
]


@transaction.atomic
def create_users() -> None:
    """Create those of the demonstration's users who do not exist yet, each with a verified e-mail
    address and an operator's group if they have one, and give all of them those of their roles at
    its merchants that they lack. A user who exists already keeps their password, and a role that
    they have at a merchant. The demonstration's shops have to be there: Merchant.DoesNotExist is
    raised otherwise, and nobody is created.
    """
    people = get_user_model().objects
    for login in LOGINS:
        if people.filter(email=login.email).exists():
            continue
        user = people.create_user(login.email, login.password, is_staff=bool(login.role))
        user.groups.set(Group.objects.filter(name=login.role))
        # Nobody reads these mailboxes.
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    for merchant, email, role in ROLES:
        Membership.objects.get_or_create(
            merchant=Merchant.objects.get(reference=merchant),
            user=people.get(email=email),
            defaults={"role": role},
        )
