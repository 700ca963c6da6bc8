"""Reads what operators did about the collecting of a bill. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Exists, OuterRef

from billing.models import CollectionPause, DueDay, Invoice, PaymentPlan, Waiver

KINDS = (DueDay, CollectionPause, Waiver, PaymentPlan)


@dataclass(frozen=True)
class ByHand:
    """What operators did about one bill, each kind oldest first."""

    due_days: Sequence[DueDay] = field(default=())
    pauses: Sequence[CollectionPause] = field(default=())
    waivers: Sequence[Waiver] = field(default=())
    plans: Sequence[PaymentPlan] = field(default=())

    @property
    def plan(self) -> PaymentPlan | None:
        """The latest payment plan, in force or ended."""
        return self.plans[-1] if self.plans else None

    def pause(self, on: date) -> CollectionPause | None:
        """The pause on local day `on`."""
        paused = (one for one in self.pauses if one.ended_at is None and one.until_on > on)
        return next(paused, None)


def by_hand(invoice: Invoice) -> ByHand:
    """What operators did about the bill; one query if they did nothing, as with most bills."""
    found = Invoice.objects.filter(pk=invoice.pk).values_list(
        *(Exists(kind._default_manager.filter(invoice=OuterRef("pk"))) for kind in KINDS)
    )
    if not any(found.get()):
        return ByHand()
    return ByHand(
        due_days=list(invoice.due_days.order_by("pk")),
        pauses=list(invoice.pauses.order_by("pk")),
        waivers=list(invoice.waivers.order_by("pk")),
        plans=list(invoice.payment_plans.order_by("pk")),
    )
