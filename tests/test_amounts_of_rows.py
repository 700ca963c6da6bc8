"""No amount of any row is relabelled, rounded, or kept beside one of another currency."""

from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.db.models import F
from moneyed import Money

from credit.models import CreditLine, Order, PayoutRun, PayoutSchedule
from lib.fields import AmountField
from lib.refusals import CurrencyMismatch, Invalid
from tests import shops
from tests.amounts import usd

BAHT = Money(100, "THB")


def amounts_of(model: type[models.Model]) -> list[AmountField[Any, Any]]:
    """The model's fields of amounts."""
    return [field for field in model._meta.fields if isinstance(field, AmountField)]


MODELS = [model for model in apps.get_models() if amounts_of(model)]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)


def row(model: type[models.Model], **amounts: Any) -> Any:
    """A row in USD, or one that belongs to a row in USD."""
    name, _, of_other = amounts_of(model)[0].currency_field_name.partition("__")
    if not of_other:
        return model(**{name: "USD"}, **amounts)
    other = model._meta.get_field(name).related_model
    assert isinstance(other, type)
    return model(**{name: other(pk=1, **{of_other: "USD"})}, **amounts)


def test_every_model_of_a_book_with_amounts_is_tried() -> None:
    assert len(MODELS) >= 25
    assert sum(len(amounts_of(model)) for model in MODELS) >= 60


@every_model
def test_an_amount_reads_as_money_of_its_row(model: type[models.Model]) -> None:
    for field in amounts_of(model):
        made = row(model, **{field.name: Decimal("7.0000")})  # as the column has it
        assert getattr(made, field.name) == usd(7)
        assert str(getattr(made, field.name).amount) == "7.00"


@every_model
@pytest.mark.django_db
def test_baht_beside_dollars_are_refused_before_they_are_inserted(
    model: type[models.Model],
) -> None:
    first, *others = [field.name for field in amounts_of(model)]
    with pytest.raises(CurrencyMismatch, match="THB given, this merchant's is USD"):
        row(model, **{first: BAHT})
    for other in others:
        with pytest.raises(CurrencyMismatch, match="THB given, this merchant's is USD"):
            row(model, **{first: usd(7), other: BAHT})
    made = row(model, **{first: usd(7)})
    with pytest.raises(CurrencyMismatch):
        setattr(made, first, BAHT)
    made.__dict__[first] = BAHT  # whoever gets past that is refused as the row is saved
    for save in (made.save, lambda: model._default_manager.bulk_create([made])):
        with pytest.raises(CurrencyMismatch):
            save()


@every_model
@pytest.mark.django_db
def test_more_digits_than_the_currency_has_are_refused_and_not_rounded(
    model: type[models.Model],
) -> None:
    for field in amounts_of(model):
        with pytest.raises(Invalid, match=f"{field.name}: 7.001 has more digits than USD"):
            row(model, **{field.name: Money("7.001", "USD")})
        made = row(model, **{field.name: Decimal("7.001")})
        with pytest.raises(Invalid, match="more digits"):
            made.save()


@every_model
def test_a_row_keeps_its_currency(model: type[models.Model]) -> None:
    first, *_ = amounts_of(model)
    if "__" in first.currency_field_name:
        return  # it has none of its own, and the database keeps the key of the row that has
    made = row(model, **{first.name: usd(7)})
    with pytest.raises(CurrencyMismatch, match="THB given, this merchant's is USD"):
        setattr(made, first.currency_field_name, "THB")
    assert getattr(made, first.name) == usd(7)


@every_model
def test_queries_take_figures_and_drop_no_currency(model: type[models.Model]) -> None:
    for field in amounts_of(model):
        for refused in ({field.name: usd(7)}, {f"{field.name}__gte": usd(7)}):
            with pytest.raises(TypeError, match="queries take the figure"):
                model._default_manager.filter(**refused)
    with pytest.raises(TypeError, match="queries take the figure"):
        str(model._default_manager.filter(**{f"{amounts_of(model)[0].name}__in": [usd(7)]}).query)


def test_a_row_without_a_currency_takes_that_of_its_first_amount() -> None:
    assert Order(amount=BAHT).currency == "THB"
    with pytest.raises(CurrencyMismatch):
        Order(amount=BAHT, outstanding=usd(7))


def test_a_bare_figure_is_no_amount() -> None:
    made = row(Order, amount=usd(7))
    for bare in (Decimal(8), 8, "8"):
        with pytest.raises(TypeError, match="amount takes Money, not"):
            made.amount = bare
    assert made.amount == usd(7)


def test_an_amount_of_a_row_that_belongs_to_another_is_in_its_currency() -> None:
    run = PayoutRun(rule=PayoutSchedule(currency="THB"), available=BAHT)
    assert run.available == BAHT


@pytest.mark.django_db
def test_updates_and_half_loaded_rows_keep_their_currency() -> None:
    shop = shops.join("2026-11-01 10:00", credit_limit="5000.00")
    with pytest.raises(TypeError, match="queries take the figure"), transaction.atomic():
        CreditLine.objects.update(limit=Money(100, "THB"))
    CreditLine.objects.update(limit=F("limit") + Decimal(1000))
    CreditLine.objects.update(limit=F("limit") - Decimal(1000))
    assert CreditLine.objects.only("limit").get().limit == usd(5000)
    assert CreditLine.objects.defer("limit", "currency").get().limit == usd(5000)
    assert CreditLine.objects.defer("currency").get().used == usd(0)
    line = shop.line
    line.limit = usd(6000)
    line.save(update_fields=["limit"])
    line.refresh_from_db(fields=["limit"])
    assert line.limit == shop.line.limit == usd(6000)
    figures = CreditLine.objects.values_list("limit", "currency")
    assert list(figures) == [(Decimal(6000), "USD")]
