"""Routes that read a merchant's charges, statements and prices."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q
from moneyed import Money
from ninja import Router
from pydantic import BaseModel, Field

from billing.models import Charge, Statement
from billing.queries import statements
from billing.queries.prices import priced_fees
from gateway.api import listings
from gateway.api.access import OF_MERCHANT, Key, KeyedRequest, merchant_of
from gateway.api.answers import Amount
from gateway.api.books_of_billing import MONTH, account_of
from gateway.api.instants import Moment
from gateway.api.lists import Paged, page_of
from gateway.api.problems import Problem
from gateway.models import Scope
from lib import money
from merchants.books import plain
from merchants.queries import local_day

router = Router(tags=["Reading: billing"], auth=Key(Scope.READ))


class Total(BaseModel):
    """The charges of one fee, or of one category where `fee` is null."""

    category: str
    fee: str | None
    amount: Amount
    charges: int


class ShownStatement(BaseModel):
    """A calendar month; its figures are final once it is closed."""

    month: str
    currency: str
    opened_at: Moment
    closed_at: Moment | None
    totals: list[Total]


class Statements(BaseModel):
    """A page of months, newest first."""

    rows: list[ShownStatement]
    next: str | None = Field(description="The cursor of the next page; null: none.")


class Price(BaseModel):
    """A fee, and its price of a unit today; null: each charge comes with its own amount."""

    fee: str
    name: str
    category: str
    unit_price: str | None
    is_own: bool


class Prices(BaseModel):
    currency: str
    on: date
    rows: list[Price]


@router.get(f"{OF_MERCHANT}/charges", response=listings.CHARGES.page, operation_id="listCharges")
def list_charges(request: KeyedRequest, merchant: str, asked: Paged) -> dict[str, Any]:
    """A page of the merchant's charges, newest first."""
    account = account_of(merchant_of(request, merchant))
    return listings.CHARGES.read(account.pk, account.currency, asked)


@router.get(
    f"{OF_MERCHANT}/charges/{{reference:charge}}",
    response=listings.CHARGES.answer,
    operation_id="getCharge",
)
def show_charge(request: KeyedRequest, merchant: str, charge: str) -> dict[str, Any]:
    """The charge with this reference; 404 if the merchant has none."""
    account = account_of(merchant_of(request, merchant))
    found = listings.CHARGES.one(account.pk, account.currency, Q(reference=charge))
    if found is None:
        raise Problem(404, "not_found", f"There is no charge {charge}.")
    return found


@router.get(f"{OF_MERCHANT}/statements", response=Statements, operation_id="listStatements")
def list_statements(request: KeyedRequest, merchant: str, asked: Paged) -> Statements:
    """A page of the calendar months in which the merchant was charged, latest first. A month
    changes with each charge that joins it, and when it closes.
    """
    found = account_of(merchant_of(request, merchant)).statements.all()
    if since := asked.changed_since:
        charged = Exists(Charge.objects.filter(statement=OuterRef("pk"), arrived_at__gte=since))
        found = found.filter(charged | Q(opened_at__gte=since) | Q(closed_at__gte=since))
    shown, following = page_of(found, asked)  # months are opened one after the other
    return Statements(rows=[_told(one) for one in shown], next=following)


@router.get(MONTH, response=ShownStatement, operation_id="getStatement")
def show_statement(request: KeyedRequest, merchant: str, month: date) -> ShownStatement:
    """The statement of one month, such as `2026-11`, by category and by fee; 404 if nothing was
    charged in it.
    """
    found = statements.of_month(account_of(merchant_of(request, merchant)), month)
    if found is None:
        raise Problem(404, "not_found", "Nothing was charged in this month.")
    return _told(found)


@router.get(f"{OF_MERCHANT}/prices", response=Prices, operation_id="listPrices")
def list_prices(request: KeyedRequest, merchant: str) -> Prices:
    """Every fee that may be charged, with the price that is in force for the merchant today."""
    account = account_of(merchant_of(request, merchant))
    today = local_day(account, request.now)
    return Prices(
        currency=account.currency,
        on=today,
        rows=[
            Price(
                fee=priced.fee.code,
                name=priced.fee.name,
                category=priced.fee.category,
                unit_price=None if priced.unit_price is None else plain(priced.unit_price),
                is_own=priced.is_own,
            )
            for priced in priced_fees(account, today)
        ],
    )


def _told(statement: Statement) -> ShownStatement:
    """The month's statement as the API shows it, with the totals of each category and fee."""
    sections = statements.totals(statement).sections
    return ShownStatement(
        month=str(statement),
        currency=statement.currency,
        opened_at=statement.opened_at,
        closed_at=statement.closed_at,
        totals=list(_totals(sections)),
    )


def _totals(sections: Iterable[Any]) -> Iterable[Total]:
    """Yield the total of each category, and after it those of its fees."""
    for section in sections:
        yield _total(section.category, None, section.amount, section.charge_count)
        for row in section.rows:
            yield _total(section.category, row.fee_id, row.amount, row.charge_count)


def _total(category: str, fee: str | None, amount: Money, charges: int) -> Total:
    """A total as the API shows it; `charges` is how many charges it has."""
    return Total(category=str(category), fee=fee, amount=money.text(amount), charges=charges)
