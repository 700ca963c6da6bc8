"""Reads what operators did about the collecting of a bill. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Exists

from billing.models import (
    CollectionPause,
    DueDay,
    Invoice,
    InvoiceDecision,
    PaymentPlan,
    Waiver,
)

# What a merchant is shown of operators' decisions about a bill.
SHOWN = (InvoiceDecision.Decision.VOIDED, InvoiceDecision.Decision.UNCOLLECTIBLE)


@dataclass(frozen=True)
class ByHand:
    """What operators did about one bill, each kind oldest first."""

    due_days: Sequence[DueDay] = field(default=())
    pauses: Sequence[CollectionPause] = field(default=())
    waivers: Sequence[Waiver] = field(default=())
    plans: Sequence[PaymentPlan] = field(default=())
    decisions: Sequence[InvoiceDecision] = field(default=())  # voided, marked uncollectible

    @property
    def plan(self) -> PaymentPlan | None:
        """The latest payment plan, in force or ended; None without any."""
        return self.plans[-1] if self.plans else None

    def pause(self, on: date) -> CollectionPause | None:
        """The pause that has not ended and lasts beyond local day `on`; None without one. It is
        asked about the account's open day or a later one: whether the pause had begun is not looked
        at.
        """
        paused = (one for one in self.pauses if one.ended_at is None and one.until_on > on)
        return next(paused, None)


def by_hand(invoice: Invoice) -> ByHand:
    """What operators did about the bill: due days, pauses, waivers, payment plans, and decisions
    that are SHOWN, each kind oldest first. One query if they did nothing, as with most bills, and
    one more for each kind of what they did.
    """
    due_days, pauses = invoice.due_days.order_by("pk"), invoice.pauses.order_by("pk")
    waivers, plans = invoice.waivers.order_by("pk"), invoice.payment_plans.order_by("pk")
    decisions = invoice.decisions.filter(decision__in=SHOWN).order_by("at", "pk")
    are_there = (Exists(rows) for rows in (due_days, pauses, waivers, plans, decisions))
    moved, paused, waived, planned, decided = (
        Invoice.objects.filter(pk=invoice.pk).values_list(*are_there).get()
    )
    return ByHand(
        due_days=list(due_days) if moved else (),
        pauses=list(pauses) if paused else (),
        waivers=list(waivers) if waived else (),
        plans=list(plans) if planned else (),
        decisions=list(decisions) if decided else (),
    )
