"""People: users, members of shops, operators, and what they have signed in with."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest
from django.test import Client
from factory.declarations import LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory, Password
from factory.helpers import post_generation

from backoffice import shown
from merchants.models import EnrolledFactor, Membership, User
from tests.shops import Shop, ShopFactory
from tests.undrawn import undrawn

YEARS_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PASSWORD = "correct-horse-9"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of an app that makes codes


class UserFactory(DjangoModelFactory[User]):
    """Somebody with an account and PASSWORD."""

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
    """Somebody's role at a shop: an owner's, of somebody new, unless another is named."""

    class Meta:
        model = Membership

    user = SubFactory(UserFactory)
    merchant = LazyFunction(lambda: ShopFactory.create().merchant)
    role = Membership.Role.OWNER


class OperatorFactory(UserFactory):
    """One of our own people, with the roles and the permissions that are named."""

    is_staff = True

    @post_generation
    def roles(self: Any, create: bool, given: Iterable[str] | None, **_: Any) -> None:
        """Give the operator these roles."""
        if create and given:
            self.groups.set([Group.objects.get(name=role) for role in given])

    @post_generation
    def permissions(self: Any, create: bool, given: Iterable[Permission] | None, **_: Any) -> None:
        """Give the operator these permissions."""
        if create and given:
            self.user_permissions.set(given)


class AuthenticatorFactory(DjangoModelFactory[Authenticator]):
    """A second factor of which we were not told yet."""

    class Meta:
        model = Authenticator

    user = SubFactory(UserFactory)
    type = Authenticator.Type.TOTP
    data = LazyFunction(lambda: {"secret": get_adapter().encrypt(SECRET)})


class EnrolledFactorFactory(DjangoModelFactory[EnrolledFactor]):
    """That we were told of a second factor, years ago unless another time is named."""

    class Meta:
        model = EnrolledFactor
        django_get_or_create = ("authenticator_id",)

    class Params:
        factor = SubFactory(AuthenticatorFactory)

    authenticator_id = SelfAttribute("factor.pk")
    user = SelfAttribute("factor.user")
    kind = SelfAttribute("factor.type")
    enrolled_at = YEARS_AGO
    counts_from = YEARS_AGO


def member(shop: Shop, role: str = "OWNER", **user: Any) -> User:
    """Somebody new who has this role at the shop."""
    person = UserFactory.create(**user)
    MembershipFactory.create(user=person, merchant=shop.merchant, role=Membership.Role(role))
    return person


def operator(*roles: str, **user: Any) -> User:
    """One of our own people, with these roles."""
    return OperatorFactory.create(roles=roles, **user)


class Browser(Client):
    """A client that opens the page of an operator's decision before it sends its form, and so
    sends what that page showed. A test that sends `page_showed` itself opens nothing.
    """

    def post(self, path: Any, data: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Send the form; that of a decision with what its page showed."""
        is_form = isinstance(data, dict | None) and shown.FIELD not in (data or {})
        if "/decide/" in path and is_form:
            data = {**(data or {}), **showed(self, path)}
        return super().post(path, data, *args, **kwargs)


def showed(client: Client, path: str) -> dict[str, str]:
    """What the page of a decision carries along of what it shows: its hidden field, if any."""
    with undrawn():
        page = client.get(path)
    carried = page.context.get("showed") if page.context else None
    return {shown.FIELD: carried} if carried else {}


def signed_in(user: User) -> Client:
    """A client in which the person is signed in, by a password alone."""
    client = Browser()
    session = client.session
    # What a sign-in leaves in the session, without all that follows from one (9 ms for 2).
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    UserSession.objects.create(user=user, ip="127.0.0.1", session_key=session.session_key)
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
    """Have the person give a second factor in this client's session right now, so that pages which
    ask for one open. A person without one gets one that was enrolled long ago.
    """
    totp = Authenticator.Type.TOTP
    found = Authenticator.objects.filter(user=user, type=totp).first()
    factor = found or AuthenticatorFactory.create(user=user, type=totp)
    EnrolledFactorFactory.create(factor=factor)
    session = client.session
    request = HttpRequest()
    request.session = session
    record_authentication(request, user, method="mfa", type="totp", id=factor.pk)
    session.save()
