"""The admin pages of credit lines and their entries, and the decisions about limits and freezes."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Exists, F, Model, OuterRef, Q
from django.http import HttpRequest

from backoffice.columns import amount, figure, related
from backoffice.decisions import Call, Decision, Telling
from backoffice.filters import of_currency, which
from backoffice.list_pages import OfMerchant
from backoffice.outcomes import LastDecision
from backoffice.several import DecidingSeveral
from credit.admin import shown
from credit.admin.forms import DaysChange, FreezePlaced, LimitChange, MayTell, ProceedsCorrected
from credit.admin.shown import AboutLine
from credit.models import (
    CreditLine,
    FormerClosing,
    FormerDays,
    Freeze,
    LimitEntry,
    Order,
    ProceedsCorrection,
    ProceedsEntry,
    ShopMetrics,
)
from credit.operations import corrections, freezes, limits, terms
from credit.queries.exposure import Exposure, by_buyer, by_risk
from merchants.admin.two_people import CallOrPropose, done

MERCHANT = related("line__merchant")


def _limit_effect(line: CreditLine) -> str:
    """What operators read before they set a limit: the limit, how much of it is used, and that a
    limit below that leaves nothing available.
    """
    return (
        f"The limit is {figure(line.limit)}, of which {figure(line.used)} is used. A limit below"
        " what is used leaves nothing available until payments come in."
    )


def _correction_effect(line: CreditLine) -> str:
    """What operators read before they correct proceeds: where these stand, what adding and taking
    do, and that the merchant is told and only a counter-entry takes it back.
    """
    return (
        f"The proceeds stand at {figure(line.proceeds)}. What is added can be withdrawn at once;"
        " what is taken leaves them even below 0, and then nothing can be withdrawn until sales"
        " have made up for it. Limit reviews do not count it. Only a counter-entry takes it back."
        " The merchant is told why."
    )


def _counter_effect(correction: ProceedsCorrection) -> str:
    """What operators read before they take a correction back: its amount, the counter-entry's, and
    the proceeds before and after.
    """
    before = correction.line.proceeds
    return (
        f"{figure(correction.amount)} was added to the proceeds; the counter-entry adds"
        f" {figure(-correction.amount)}. They go from {figure(before)} to"
        f" {figure(before - correction.amount)}. The merchant is told why."
    )


def _freeze_effect(line: CreditLine) -> str:
    """What operators read before they freeze the line: that it declines new orders and goes on with
    open ones, or, for a closed line, that only suspected fraud can freeze it, which stops
    withdrawals.
    """
    if line.is_closed:
        return (
            "The line is closed and takes no new orders. Suspected fraud stops every withdrawal"
            " that was not sent yet; nothing else can be frozen. The merchant is told."
        )
    return (
        "The line declines new orders until the freeze is lifted; open orders go on, and payments"
        " come in. Suspected fraud also stops every withdrawal that was not sent yet. The merchant"
        " is told."
    )


def _shares(exposures: Iterable[tuple[str, Exposure]]) -> str:
    """One text for a page that lists, for each (name, exposure), the amount owed and in brackets
    its share of what is used, with semicolons between them.
    """
    return "; ".join(
        f"{who}: {figure(exposure.outstanding)} ({exposure.share:.0%})"
        for who, exposure in exposures
    )


def _has_overdue() -> Q:
    """A filter for lines that have an order whose due day is before the line's open day."""
    late = Order.objects.filter(line=OuterRef("pk"), due_on__lt=OuterRef("open_on"))
    return Q(Exists(late))


STATES = which(
    "state",
    {
        "frozen": ("Frozen", lambda: Q(freezes_in_force__gt=0)),
        "overdue": ("With something overdue", _has_overdue),
        "over": ("Over the limit", lambda: Q(used__gt=F("limit"))),
        "below": ("Proceeds below 0", lambda: Q(proceeds__lt=0)),
        "paused": ("Paused by the merchant", lambda: Q(paused_at__isnull=False)),
        "closed": ("Closed", lambda: Q(closed_at__isnull=False)),
    },
)
CURRENCY = of_currency("credit.CreditLine")


@admin.register(CreditLine)
class CreditLineAdmin(AboutLine, OfMerchant):
    dated = ""
    merchant = "merchant"
    reference = ""
    list_display = (
        "merchant",
        amount("limit"),
        amount("used"),
        amount("available"),
        amount("proceeds"),
        "frozen",
        "open_on",
    )
    list_filter = (STATES, CURRENCY)
    list_select_related = ("merchant",)
    decisions = (
        Decision(
            "limit",
            "Change limit",
            form=LimitChange,
            effect=_limit_effect,
            initial=lambda line: {"present": {"limit": line.limit}},
            shown=shown.limit,
            carry_out=CallOrPropose(limits.set_limit, "merchant_id"),
            done=done("The limit is changed."),
            is_open=lambda line: not line.is_closed,
        ),
        Decision(
            "freeze",
            "Freeze",
            form=FreezePlaced,
            effect=_freeze_effect,
            shown=shown.freezes,
            repeats=shown.is_placed,
            carry_out=Call(
                freezes.place, "merchant_id", renamed={"cause": "reason", "reason": "note"}
            ),
            done="The line is frozen.",
        ),
        Decision(
            "days",
            "Change days",
            form=DaysChange,
            effect=lambda line: (
                "What is delivered and paid from now on is counted by these days. Due dates and"
                " proceeds that are counted already stay as they are. The merchant is told."
            ),
            initial=lambda line: {
                "payment_days": line.payment_days,
                "settlement_days": line.settlement_days,
            },
            shown=shown.days,
            carry_out=Call(terms.change_days, "merchant_id"),
            done="The days are changed.",
        ),
        Decision(
            "correct",
            "Correct proceeds",
            form=ProceedsCorrected,
            effect=_correction_effect,
            shown=shown.corrected,
            repeats=shown.is_corrected,
            carry_out=CallOrPropose(corrections.correct, "merchant_id"),
            done=done("The proceeds are corrected."),
        ),
    )

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        return [*super().get_fields(request, obj), self.owed_by_buyer, self.owed_by_risk]

    @admin.display(boolean=True, ordering="freezes_in_force")
    def frozen(self, line: CreditLine) -> bool:
        """Whether any freeze is in force on the line."""
        return line.is_frozen

    @admin.display(description="Owed most by")
    def owed_by_buyer(self, line: CreditLine) -> str:
        """As one text, the buyers who owe the most of open orders, five at most, with their amounts
        and shares of what is used.
        """
        return _shares((exposure.buyer, exposure) for exposure in by_buyer(line, most=5))

    @admin.display(description="Owed by buyer risk")
    def owed_by_risk(self, line: CreditLine) -> str:
        """What is owed in each class of buyer risk, with its share of what is used."""
        return _shares((f"risk {exposure.buyer_risk}", exposure) for exposure in by_risk(line))


# What a rule does after an operator has lifted a freeze that it placed.
WHEN_LIFTED = {
    Freeze.Reason.OVERDUE: " It comes back at the next day start while its cause holds.",
    Freeze.Reason.UNPAID_BILL: (
        " It does not come back for bills whose day for it has come; another unpaid one freezes the"
        " line again on its own day."
    ),
}


@admin.register(Freeze)
class FreezeAdmin(DecidingSeveral, AboutLine, OfMerchant):
    several = ("lift",)
    merchant = "line__merchant"
    reference = ""
    list_display = ("__str__", MERCHANT, "note", "placed_at", "placed_by", "lifted_at")
    list_filter = ("reason", ("lifted_at", admin.EmptyFieldListFilter))
    list_select_related = ("line__merchant",)
    decisions = (
        Decision(
            "lift",
            "Lift",
            form=MayTell,
            effect=lambda freeze: (
                "This freeze ends; others of the line stay in force."
                f"{WHEN_LIFTED.get(freeze.reason, '')} The merchant is told."
            ),
            shown=lambda freeze: {"In force": freeze.lifted_at is None},
            carry_out=Call(freezes.lift, "freeze_id", renamed={"reason": "note"}),
            done="The freeze is lifted.",
            is_open=lambda freeze: freeze.lifted_at is None,
        ),
    )


@admin.register(FormerClosing)
class FormerClosingAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = ""
    list_display = ("__str__", MERCHANT, "closed_at", "reopened_at")
    list_select_related = ("line__merchant",)


@admin.register(FormerDays)
class FormerDaysAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = ""
    list_display = ("__str__", MERCHANT, "payment_days", "settlement_days", "until_at")
    list_select_related = ("line__merchant",)


@admin.register(LimitEntry)
class LimitEntryAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = "order__reference"
    is_long = True
    of_one = ("-at", "-pk")
    list_display = (
        "__str__",
        MERCHANT,
        "order",
        amount("limit_change"),
        amount("used_change"),
        amount("limit_after"),
        amount("used_after"),
        "actor",
        "at",
    )
    list_filter = ("kind", CURRENCY)
    list_select_related = ("line__merchant", "order")


@admin.register(ProceedsEntry)
class ProceedsEntryAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = "order__reference"
    is_long = True
    list_display = ("__str__", MERCHANT, "order", amount("amount"), "matures_on", "at")
    list_filter = ("kind", CURRENCY)
    list_select_related = ("line__merchant", "order")


@admin.register(ProceedsCorrection)
class ProceedsCorrectionAdmin(AboutLine, OfMerchant):
    merchant = "line__merchant"
    reference = ""
    list_display = ("__str__", MERCHANT, amount("amount"), "undoes", "reason", "actor", "at")
    list_select_related = ("line__merchant", "undoes")
    decisions = (
        Decision(
            "take-back",
            "Take back",
            form=Telling,
            effect=_counter_effect,
            shown=shown.taken_back,
            carry_out=CallOrPropose(corrections.take_back, "correction_id"),
            done=done("The correction is taken back."),
            is_open=shown.may_be_taken_back,
        ),
    )

    def last_decision(self, row: Any) -> LastDecision | None:
        """Who took the correction back and when; or, if nobody has, that it is a counter-entry,
        with who made it and when. `row` is a correction that cannot be taken back.
        """
        counter = ProceedsCorrection.objects.filter(undoes=row.pk).first()
        if counter is None:
            return LastDecision("It is a counter-entry", row.actor, row.at)
        return LastDecision("Taken back", counter.actor, counter.at)


@admin.register(ShopMetrics)
class ShopMetricsAdmin(OfMerchant):
    merchant = "line__merchant"
    reference = ""
    list_display = (
        MERCHANT,
        "at",
        "arrived_at",
        "rating",
        "listing_quality",
        "profile_completeness",
        "after_sales",
    )
    list_select_related = ("line__merchant",)
