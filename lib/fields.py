"""Column types shared by all books, so that every figure of money has the same width."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

import pgtrigger
from django.core import checks
from django.db import models
from django.db.models.query_utils import DeferredAttribute
from djmoney.models.fields import MoneyField
from moneyed import Money

from lib import money
from lib.money import DECIMAL_PLACES, MAX_DIGITS
from lib.refusals import CurrencyMismatch

_ST = TypeVar("_ST")
_GT = TypeVar("_GT")


class AmountOfRow:
    """The attribute of an AmountField: Money in the currency of its row.

    Columns and defaults hold bare figures, which become Money when they are first read. After that
    only Money can be assigned, and only in the row's currency. A row without a currency takes that
    of its first amount.
    """

    def __init__(self, field: AmountField[Any, Any]) -> None:
        self.field = field
        self.name = field.attname

    def __get__(self, row: models.Model | None, owner: type | None = None) -> Any:
        if row is None:
            return self
        values = row.__dict__
        if self.name not in values:  # deferred
            row.refresh_from_db(fields=[self.name])
        value = values[self.name]
        if value.__class__ is Decimal:
            currency = self.field.currency_of(row)
            value = values[self.name] = money.of(value, currency, field=self.name)
        return value

    def __set__(self, row: models.Model, value: Any) -> None:
        values = row.__dict__
        if value is not None and (value.__class__ is not Decimal or self.name in values):
            value = self._checked(row, value)
        values[self.name] = value

    def _checked(self, row: models.Model, value: Any) -> Money:
        """The Money to assign, with exactly the digits of the row's currency, which is set if the
        row has none. Raises TypeError for anything but Money, CurrencyMismatch for another currency
        than the row's, and Invalid for more digits than the currency has.
        """
        if not isinstance(value, Money):
            raise TypeError(f"{self.name} takes Money, not {value!r}")
        currency = self.field.currency_of(row)
        if not currency:
            currency = value.currency.code
            setattr(row, self.field.currency_field_name, currency)
        return money.exact(value, currency, field=self.name)


class CurrencyOfRow(DeferredAttribute):
    """The attribute of the currency of a row. Once set, another code raises CurrencyMismatch, as it
    would relabel the row's amounts.
    """

    def __set__(self, row: models.Model, code: str) -> None:
        present = row.__dict__.get(self.field.attname)
        if present and code != present:
            raise CurrencyMismatch(code, present)
        row.__dict__[self.field.attname] = code


class AmountField(MoneyField, Generic[_ST, _GT]):
    """The column of an amount of money, or of a sum of amounts, in the currency of its row.

    One `currency` column serves all amounts of a row; `currency_field_name` is another name of it,
    or leads to the row that this one belongs to, as "statement__currency" does. The attribute is
    Money; amounts in two currencies, or with more digits than theirs, are refused when they are
    assigned and again when they are saved (CurrencyMismatch, Invalid): django-money would write the
    last currency over the others, and round. Wide enough for every ISO 4217 currency.

    Queries (filter, update, F, Sum, values) take and give bare figures, to be grouped by currency,
    and refuse Money, whose currency they would drop. So the managers are Django's own; those of
    django-money write a comparison of currencies into each query, which its planner misjudges.
    """

    # For django-stubs: what is assigned, and what `values` gives.
    _pyi_private_set_type: Money  # type: ignore[assignment]
    _pyi_private_get_type: Decimal

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def __get__(self, instance: None, owner: Any) -> Self: ...

        @overload
        def __get__(
            self: AmountField[_ST, Decimal], instance: models.Model, owner: Any
        ) -> Money: ...

        @overload
        def __get__(
            self: AmountField[_ST, Decimal | None], instance: models.Model, owner: Any
        ) -> Money | None: ...

        def __get__(self, instance: Any, owner: Any) -> Any: ...

        def __set__(self, instance: models.Model, value: _ST) -> None: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = MAX_DIGITS
        kwargs["decimal_places"] = DECIMAL_PLACES
        kwargs.setdefault("currency_field_name", "currency")
        kwargs["money_descriptor_class"] = AmountOfRow
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        # A row's currency, "" while it has none.
        self.currency_of: Callable[[Any], str] = attrgetter(
            self.currency_field_name.replace("__", ".")
        )

    def setup_default(self, default: Any, default_currency: Any, nullable: bool) -> Any:
        """Return the default unchanged: a figure in the row's own currency."""
        return default

    def deconstruct(self) -> Any:
        """What a migration writes of the field; the name of the currency's field is left out if it
        is "currency".
        """
        name, path, args, kwargs = super().deconstruct()  # type: ignore[no-untyped-call]
        if kwargs["currency_field_name"] == "currency":
            del kwargs["currency_field_name"]
        return name, path, args, kwargs

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False
    ) -> None:
        """Add the field to the model, without a column for the currency: an amount's currency is
        read from the row's own.
        """
        # Past MoneyField's own, which would add a column and patch the model's managers.
        super(MoneyField, self).contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, self.money_descriptor_class(self))

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Django's checks of the field, and that its model has the currency it names."""
        return [*super().check(**kwargs), *self._check_currency()]

    def _check_currency(self) -> Iterator[checks.CheckMessage]:
        """Yields an error if the row's currency is not declared before this field: constructors set
        columns in their order, and the currency has to be known first.
        """
        first = self.currency_field_name.partition("__")[0]
        names = [field.name for field in self.model._meta.fields]
        if first not in names[: names.index(self.name)]:
            yield checks.Error(f"{first} must be declared before {self.name}", obj=self)

    def pre_save(self, model_instance: models.Model, add: bool) -> Decimal | None:
        """The figure to save, or None. Raises CurrencyMismatch if the row's currency is no longer
        that of the amount.
        """
        amount: Money | None = getattr(model_instance, self.attname)
        if amount is None:
            return None
        currency = self.currency_of(model_instance)
        if amount.currency.code != currency:
            raise CurrencyMismatch(amount.currency.code, currency)
        return amount.amount

    def get_prep_value(self, value: Any) -> Any:
        """The figure for a query. Raises TypeError for Money, since a query would drop its
        currency.
        """
        if isinstance(value, Money):
            raise TypeError(f"queries take the figure of {self.name}, and its currency apart")
        return super().get_prep_value(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """The figure for the database, also for Money: Django passes a row's own amount here when
        it checks the row's constraints.
        """
        figure = value.amount if isinstance(value, Money) else value
        return super().get_db_prep_value(figure, connection, prepared)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """The figure to write. Raises TypeError for Money, which an update would pass without its
        currency.
        """
        if isinstance(value, Money):
            value = self.get_prep_value(value)  # which refuses it
        return super(MoneyField, self).get_db_prep_save(value, connection)

    def value_to_string(self, obj: models.Model) -> str:
        """The figure as text, for fixtures and marks of pages; "" for None."""
        amount = self.value_from_object(obj)
        return "" if amount is None else str(amount.amount)

    def formfield(self, **kwargs: Any) -> Any:
        """A form field for a bare figure, for forms that ask for the currency in a field of its
        own.
        """
        return super(MoneyField, self).formfield(**kwargs)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Check the value as Django does, and return it unchanged. Raises ValidationError if it
        is no figure, has more digits or decimals than the column, is None where the column
        takes none, or is refused by a validator of the field. Nothing is rounded.
        """
        super().clean(value, model_instance)  # type: ignore[no-untyped-call]
        return value


def currency_never_changes(what: str, column: str = "currency") -> pgtrigger.Protect:
    """The trigger that keeps the currency of a model's rows from being changed; `what` names a row
    in the trigger's name.

    `column` is the column of the currency, or the key of the row that has it. Models whose rows may
    not change at all don't need it.
    """
    return pgtrigger.Protect(
        name=f"currency_of_{what}_never_changes",
        operation=pgtrigger.UpdateOf(column),
        condition=pgtrigger.Q(**{f"old__{column}__df": pgtrigger.F(f"new__{column}")}),
    )


class CurrencyField(models.CharField):
    """The column of an ISO 4217 code, which a row is given once (CurrencyOfRow)."""

    descriptor_class = CurrencyOfRow

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 3
        super().__init__(*args, **kwargs)


class ReferenceField(models.CharField):
    """The column of a name that another system gave to something, by which repeated requests are
    recognised.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 100
        super().__init__(*args, **kwargs)


class FormKeyField(models.CharField):
    """The column of the key of the form that made the row (lib.form_keys); empty if no form made
    it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_length": 64, "blank": True, "db_default": "", "editable": False}
        super().__init__(*args, **kwargs)


class EncryptedField(models.BinaryField):
    """A column whose content is kept encrypted (lib.encrypted puts and reads it).

    `bound_to` names the columns of its row that the content is bound to and that never change:
    first the column with the merchant's key (null if the row belongs to no merchant), then the
    row's own. A path such as "endpoint.merchant_id" leads to a column of a row that this one
    belongs to. Where the merchant may change, or is not known yet, the column with its key is
    `whose` instead, and the content is bound to the row's own columns alone. `called` is the words
    for the content in sentences. `marks` returns the columns by which equal contents are found
    (lib.secrets.mark), as they are to be written whenever the content is encrypted anew.
    """

    def __init__(
        self,
        *args: Any,
        bound_to: Sequence[str] = (),
        whose: str = "",
        called: str = "",
        marks: Callable[[Any], Mapping[str, str]] = lambda row: {},
        **kwargs: Any,
    ) -> None:
        self.bound_to, self.called, self.marks = tuple(bound_to), called, marks
        self.whose = whose or "".join(self.bound_to[:1])
        super().__init__(*args, **kwargs)
