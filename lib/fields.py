"""Column types shared by all books, so that every figure of money has the same width."""

from collections.abc import Sequence
from typing import Any

from django.db import models

from lib.money import DECIMAL_PLACES, MAX_DIGITS


class AmountField(models.DecimalField):
    """A posted amount, or a sum of such, in the currency that its row names once.

    Wide enough for every ISO 4217 currency. One `currency` column serves all figures of a row, so
    that no two of them can be relabelled apart.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = MAX_DIGITS
        kwargs["decimal_places"] = DECIMAL_PLACES
        super().__init__(*args, **kwargs)


class CurrencyField(models.CharField):
    """An ISO 4217 code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 3
        super().__init__(*args, **kwargs)


class ReferenceField(models.CharField):
    """A name that another system gave to something; repeated requests are recognised by it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 100
        super().__init__(*args, **kwargs)


class FormKeyField(models.CharField):
    """The key of the form that made the row (lib.form_keys); empty where no form did."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_length": 64, "blank": True, "db_default": "", "editable": False}
        super().__init__(*args, **kwargs)


class EncryptedField(models.BinaryField):
    """Content that is kept encrypted (lib.encrypted puts and reads it).

    `bound_to` names the columns of its row that the content is bound to and that never change:
    first the column with the merchant's key (null where the row is no merchant's), then the row's
    own. A path such as "endpoint.merchant_id" leads to a column of a row that it belongs to.
    `called` is what sentences call the content.
    """

    def __init__(
        self, *args: Any, bound_to: Sequence[str] = (), called: str = "", **kwargs: Any
    ) -> None:
        self.bound_to, self.called = tuple(bound_to), called
        super().__init__(*args, **kwargs)
