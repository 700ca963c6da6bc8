"""What tests of operators' decisions in the admin have in common."""

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Model, Q
from django.urls import reverse

from merchants.models import User
from tests.factories import OperatorFactory
from tests.shops import instant

DECIDED_AT = instant("2026-11-04 09:00")
DECIDER = "olga@tael.example"
WHY = {"reason": "I have looked at it."}


def operator(*may_change: str, email: str = DECIDER) -> User:
    """Somebody of ours who may look at everything of credit, and decide about these models."""
    seen = Q(content_type__app_label__in=("credit", "merchants", "notices"))
    view = seen & Q(codename__startswith="view_")
    change = Q(codename__in=[f"change_{name}" for name in may_change])
    return OperatorFactory.create(email=email, permissions=Permission.objects.filter(view | change))


def address(row: Model, page: str, *args: object) -> str:
    """The address of this admin page of the row."""
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=[row.pk, *args])


def text(response: Any) -> str:
    """The answer's HTML."""
    return str(response.content.decode())
