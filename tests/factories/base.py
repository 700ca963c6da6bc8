"""What factories of a shop's rows have in common: the operation, and the shop's own clock."""

from datetime import datetime
from typing import Any, ClassVar, TypeVar

from factory.base import Factory
from factory.declarations import SubFactory
from moneyed import Money

from tests.shops import Shop, ShopFactory

T = TypeVar("T")

OWNER = "mei@rosewood.example"
OPERATOR = "olga@tael.example"


class OfShop(Factory[T]):
    """A row of a shop, made by an operation: the declarations are the operation's arguments.

    `at` is on the shop's own wall clock, as with tests.shops, or an instant. An amount is in the
    currency of the book unless it is Money.
    """

    class Meta:
        abstract = True

    shop = SubFactory(ShopFactory)
    at = "2026-11-02 10:00"

    _amounts: ClassVar[tuple[str, ...]] = ("amount",)

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        """Make the row by its operation, at an instant of the shop's, with amounts in the shop's
        currency.
        """
        shop, at = kwargs.pop("shop"), kwargs.pop("at")
        for name in cls._amounts:
            if isinstance(kwargs.get(name), str):
                kwargs[name] = Money(kwargs[name], cls._currency(shop))
        return cls._make(shop, shop.at(at) if isinstance(at, str) else at, kwargs)

    @classmethod
    def _currency(cls, shop: Shop) -> str:
        """The currency of amounts that are given as texts: that of the billing account."""
        return shop.billing_currency

    @classmethod
    def _make(cls, shop: Shop, now: datetime, said: dict[str, Any]) -> Any:
        """Have the operation make the row. Each factory says which it is."""
        raise NotImplementedError
