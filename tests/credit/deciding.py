"""What tests of operators' decisions in the admin have in common."""

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Model
from django.urls import reverse

from merchants.models import User
from tests.factories import UserFactory
from tests.shops import instant

DECIDED_AT = instant("2026-11-04 09:00")
DECIDER = "olga@tael.example"
WHY = {"reason": "I have looked at it."}


def operator(*may_change: str, email: str = DECIDER) -> User:
    """Somebody of ours who may look at everything of credit, and decide about these models."""
    user = UserFactory.create(is_staff=True, email=email)
    wanted = [f"change_{name}" for name in may_change]
    view = Permission.objects.filter(content_type__app_label__in=("credit", "merchants", "notices"))
    user.user_permissions.set(view.filter(codename__startswith="view_"))
    user.user_permissions.add(*Permission.objects.filter(codename__in=wanted))
    return user


def address(row: Model, page: str, *args: object) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=[row.pk, *args])


def text(response: Any) -> str:
    return str(response.content.decode())
