"""People for tests. Merchants and money come from tests.shops: they are made by operations only."""

from datetime import UTC, datetime
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.test import Client
from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory, Password
from factory.helpers import post_generation

from merchants.models import EnrolledFactor, Membership, User
from tests.shops import Shop

YEARS_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "correct-horse-9"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of an app that makes codes


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda number: f"person{number}@shop.example")
    password = Password(PASSWORD)

    @post_generation
    def proved(self: Any, create: bool, given: bool | None, **_: Any) -> None:
        """Whether the person has followed a link to the address; as everybody has who signs in."""
        if create and given is not False:
            EmailAddress.objects.create(user=self, email=self.email, verified=True, primary=True)


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


def operator(*roles: str, **user: Any) -> User:
    """One of our own people, with these roles."""
    made = UserFactory.create(is_staff=True, **user)
    made.groups.set([Group.objects.get(name=role) for role in roles])
    return made


def signed_in(user: User) -> Client:
    """A client in which the person is signed in, by a password alone."""
    client = Client()
    client.force_login(user)
    key = client.session.session_key
    UserSession.objects.create(user=user, ip="127.0.0.1", session_key=key)
    return client


def browser_of(user: User) -> Client:
    """A client in which the person is signed in; an operator with a second factor."""
    client = signed_in(user)
    if user.is_staff:
        confirm_second_factor(client, user)
    return client


def proved(user: User) -> Client:
    """A client in which the person has just confirmed a second factor that opens money's ways."""
    client = signed_in(user)
    confirm_second_factor(client, user)
    return client


def confirm_second_factor(client: Client, user: User) -> None:
    """As if the person had had one for years, and had given it to this client right now."""
    totp = Authenticator.Type.TOTP
    data = {"secret": get_adapter().encrypt(SECRET)}
    factor, _ = Authenticator.objects.get_or_create(user=user, type=totp, defaults={"data": data})
    have_counted(factor)
    session = client.session
    request = HttpRequest()
    request.session = session
    record_authentication(request, user, method="mfa", type="totp", id=factor.pk)
    session.save()


def have_counted(factor: Authenticator) -> None:
    """As if it had been set up years ago; unless we were told of it."""
    EnrolledFactor.objects.get_or_create(
        authenticator_id=factor.pk,
        defaults={
            "user": factor.user,
            "kind": factor.type,
            "enrolled_at": YEARS_AGO,
            "counts_from": YEARS_AGO,
        },
    )
