"""Prices of fees, and new ones."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from backoffice.decisions import Act, Decision
from backoffice.list_pages import FoundByKeys
from billing.admin import shown
from billing.admin.forms import NewPrice
from billing.admin.lists import unit_price
from billing.admin.shown import AboutPrices
from billing.models import FeePrice
from billing.operations import prices
from merchants import directory
from merchants.admin.two_people import CallOrPropose, done
from merchants.models import Proposal
from merchants.operations import two_people

UNIT_PRICE = unit_price("own price ends")


def _introduce(act: Act) -> FeePrice | Proposal:
    """Introduce the price that the operator's form states, or propose it to a second person where
    it takes two, with a trail row either way; returns the price or the proposal. A form without a
    merchant is about all merchants, and one without a unit price ends the merchant's own price. One
    merchant's price is introduced inside that merchant's cell. Raises what prices.introduce and
    proposals.propose raise.
    """
    said = act.cleaned_data
    price = {
        "fee": said["fee"],
        "currency": said["currency"].upper(),
        "unit_price": said["unit_price"],
        "from_on": said["from_on"],
        "merchant_id": said["merchant"] and said["merchant"].pk,
        "reason": act.reason,
    }
    with directory.elsewhere(price["merchant_id"]):
        outcome: FeePrice | Proposal = two_people.decide(
            prices.introduce, price, actor=act.user, now=act.now
        )
    return outcome


def _present(price: FeePrice | None) -> dict[str, Any]:
    """The initial data of the form for a new price: the fee, currency, merchant and unit price of
    the price whose page it was opened on; empty without one.
    """
    if price is None:
        return {}
    return {
        "fee": price.fee_id,
        "currency": price.currency,
        "merchant": price.merchant.reference if price.merchant else "",
        "present": {"unit_price": price.unit_price},
    }


_NEW_PRICE = Decision(
    "introduce",
    "New price",
    form=NewPrice,
    effect=lambda price: (
        "Charges that come without an amount cost this for each unit from that day of the"
        " merchant's on, until a later price; those that came before keep theirs. A merchant's own"
        " price goes before that for everybody. Of two from the same day the one introduced last"
        " holds. A price never changes.\n\n" + CallOrPropose.warning
    ),
    initial=_present,
    shown=shown.prices_of,
    carry_out=_introduce,
    done=done("The price is introduced."),
)


@admin.register(FeePrice)
class FeePriceAdmin(AboutPrices, FoundByKeys):
    dated = "from_on"
    keys = ("fee__code", "merchant__reference")
    search_help_text = "The fee's code, or the merchant's reference."
    list_display = ("fee", UNIT_PRICE, "merchant", "from_on", "introduced_at", "introduced_by")
    list_filter = ("currency",)
    list_select_related = ("fee", "merchant")
    decisions = (_NEW_PRICE,)  # with its fee to start from
    list_decisions = (_NEW_PRICE,)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        """All fields; the unit price is shown with its currency."""
        fields = super().get_fields(request, obj)
        return [UNIT_PRICE if field == "unit_price" else field for field in fields]
