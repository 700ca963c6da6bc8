"""People for tests. Merchants and money come from tests.shops: they are made by operations only."""

from typing import Any

from django.test import Client
from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory, Password

from merchants.models import Membership, User
from tests.shops import Shop

PASSWORD = "correct-horse-9"


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda number: f"person{number}@shop.example")
    password = Password(PASSWORD)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = SubFactory(UserFactory)
    role = Membership.Role.OWNER


def member(shop: Shop, role: str = "OWNER", **user: Any) -> User:
    """Somebody new who has this role at the shop."""
    return MembershipFactory.create(
        user=UserFactory.create(**user), merchant=shop.merchant, role=Membership.Role(role)
    ).user


def browser_of(user: User) -> Client:
    """A client in which the person is signed in."""
    client = Client()
    client.force_login(user)
    return client
