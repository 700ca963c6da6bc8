"""One box that finds anything by its reference, among all merchants.

Only indexes that are there anyway are asked. What is named within a merchant only (orders, charges
and what belongs to them) has an index that starts with the merchant: each merchant's is asked
once, which for ten thousand of them takes less than the pages that follow, and costs the tables
that grow most no index of their own. "merchant reference" asks one merchant's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import reverse

from billing.models import (
    BillingAccount,
    Charge,
    FulfilmentRequest,
    Invoice,
    Payment,
    Reversal,
    Statement,
    UnappliedEntry,
)
from credit.models import CreditLine, Order, OrderPayment, OrderRefund, RefusedCash, Withdrawal
from merchants import installation
from merchants.models import Merchant, User

MOST = 20  # of each kind
LONGEST = 254


@dataclass(frozen=True)
class Hit:
    kind: str
    name: str
    address: str
    merchant: str = ""
    is_exact: bool = True


@dataclass(frozen=True)
class Found:
    hits: Sequence[Hit] = ()

    @property
    def only(self) -> str:
        """Where to go at once; "" when there is a choice, or nothing."""
        exact = [hit for hit in self.hits if hit.is_exact]
        one = exact if len(exact) == 1 else self.hits
        return one[0].address if len(one) == 1 else ""


def find(request: HttpRequest, text: str) -> Found:
    """What the person may look at that `text` may name."""
    if not text or len(text) > LONGEST or "\0" in text:
        return Found()
    reference, _space, rest = text.partition(" ")
    merchant = Merchant.objects.filter(reference=reference).first() if rest else None
    if merchant is not None and (within := list(_of_merchant(request, merchant, rest.strip()))):
        return Found(within)
    hits = [
        hit for look in (_merchants, _people, _unique, _anywhere) for hit in look(request, text)
    ]
    return Found(hits)


def _merchants(request: HttpRequest, text: str) -> Iterator[Hit]:
    if not _may_see(request, Merchant):
        return
    started = Q(reference__startswith=text) | Q(name__istartswith=text)
    for one in Merchant.objects.filter(started).order_by("reference")[:MOST]:
        yield Hit(
            "Merchant",
            one.reference,
            reverse("backoffice:merchant", args=[one.reference]),
            one.name,
            is_exact=one.reference == text,
        )


def _people(request: HttpRequest, text: str) -> Iterator[Hit]:
    if not _may_see(request, User):
        return
    mail = text.lower()
    for one in User.objects.filter(email__startswith=mail).order_by("email")[:MOST]:
        yield _hit("Person", one, is_exact=one.email == mail)


@dataclass(frozen=True)
class _Kind:
    """Something that has a name; `keys` are indexed, and each is asked for itself."""

    kind: str
    model: type[Model]
    keys: Sequence[str]
    merchant: str
    most: int = 1  # of one name, within a merchant


UNIQUE = (
    _Kind("Bill", Invoice, ["number"], "account__merchant"),
    _Kind(
        "Withdrawal",
        Withdrawal,
        ["reference", "provider_reference", "batch"],
        "line__merchant",
    ),
    _Kind(
        "Payment",
        Payment,
        ["idempotency_key", "provider_reference"],
        "invoice__account__merchant",
    ),
    _Kind("Payment taken back", Reversal, ["provider_reference"], "account__merchant"),
    _Kind(
        "Unapplied money",
        UnappliedEntry,
        ["reference", "payment__idempotency_key"],
        "account__merchant",
    ),
)
# Named within a merchant: the tables by whose line or account they are found.
WITHIN = (
    _Kind("Order", Order, ["line"], "line__merchant"),
    _Kind("Payment of an order", OrderPayment, ["line"], "line__merchant"),
    _Kind("Refund of an order", OrderRefund, ["line"], "line__merchant"),
    _Kind("Refused cash", RefusedCash, ["line"], "line__merchant", most=MOST),
    _Kind("Charge", Charge, ["account"], "account__merchant"),
    _Kind("Fulfilment request", FulfilmentRequest, ["account"], "account__merchant"),
)


def _unique(request: HttpRequest, text: str) -> Iterator[Hit]:
    for kind in UNIQUE:
        if not _may_see(request, kind.model):
            continue
        rows = kind.model._default_manager.select_related(kind.merchant)
        asked = installation.inside(text) if kind.model is Invoice else text
        for key in kind.keys:
            found = list(rows.filter(**{key: asked}).order_by("-pk")[:MOST])
            if found:
                yield from (_of(kind, row) for row in found)
                break


def _anywhere(request: HttpRequest, text: str) -> Iterator[Hit]:
    for kind in WITHIN:
        if _may_see(request, kind.model):
            rows = kind.model._default_manager.filter(pk__in=_keys_anywhere(kind, text))
            for row in rows.select_related(kind.merchant).order_by("pk"):
                yield _of(kind, row)


def _keys_anywhere(kind: _Kind, text: str) -> list[int]:
    owner = CreditLine if kind.keys == ["line"] else BillingAccount
    # The inner limit loses nothing, as one merchant has at most so many, and keeps this a look per
    # merchant.
    ask = f"""
        SELECT one.id FROM {owner._meta.db_table} owner CROSS JOIN LATERAL (
            SELECT id FROM {kind.model._meta.db_table}
            WHERE {kind.keys[0]}_id = owner.merchant_id AND reference = %s LIMIT {kind.most}
        ) one LIMIT {MOST}
    """
    with connection.cursor() as cursor:
        cursor.execute(ask, [text])
        return [key for (key,) in cursor.fetchall()]


def _of_merchant(request: HttpRequest, merchant: Merchant, text: str) -> Iterator[Hit]:
    month = _month(text)
    if month and _may_see(request, Statement):
        for statement in Statement.objects.filter(account=merchant.pk, month=month):
            yield _hit("Statement", statement, merchant)
    for kind in WITHIN:
        if _may_see(request, kind.model):
            asked: dict[str, Any] = {kind.keys[0]: merchant.pk, "reference": text}
            for row in kind.model._default_manager.filter(**asked):
                yield _hit(kind.kind, row, merchant)


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _of(kind: _Kind, row: Any) -> Hit:
    merchant = row
    for step in kind.merchant.split("__"):
        merchant = getattr(merchant, step)
    return _hit(kind.kind, row, merchant)


def _hit(kind: str, row: Model, merchant: Merchant | None = None, *, is_exact: bool = True) -> Hit:
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return Hit(kind, str(row), address, merchant.name if merchant else "", is_exact)


def _may_see(request: HttpRequest, model: type[Model]) -> bool:
    return admin.site._registry[model].has_view_permission(request)
