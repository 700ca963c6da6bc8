"""Who can sign in to the demonstration, and as what."""

from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction

from merchants.models import Membership, Merchant

PASSWORD = "tael-demo"
OPERATOR = "operator@tael.example"
SECOND_OPERATOR = "second.operator@tael.example"  # for what takes two persons; does not sign in


class Login(NamedTuple):
    email: str
    password: str
    what: str
    is_operator: bool = False


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
    Login(OPERATOR, PASSWORD, "operator, at /admin/", is_operator=True),
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
def let_in() -> None:
    """Who is there already keeps password and role."""
    people = get_user_model().objects
    for login in LOGINS:
        if not people.filter(email=login.email).exists():
            create = people.create_superuser if login.is_operator else people.create_user
            create(login.email, login.password)
    for merchant, email, role in ROLES:
        Membership.objects.get_or_create(
            merchant=Merchant.objects.get(reference=merchant),
            user=people.get(email=email),
            defaults={"role": role},
        )
