"""What pages of decisions about credit show of what these change, and the lock of such rows."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from backoffice.briefs import Brief
from backoffice.decision_pages import Deciding
from backoffice.decisions import Act
from credit.models import CreditLine, LimitRequest, LimitReview, ProceedsCorrection
from credit.operations import lines
from credit.queries import briefs
from lib import money

Values = dict[str, Any]


class AboutLine(Deciding):
    """Pages of rows of a credit line, about which operations decide under the line's lock."""

    def lock(self, row: Any, now: datetime) -> None:
        """Lock, until the caller's transaction ends, the credit line that the row is or belongs to,
        and work off the days that have ended by `now`, of which the merchant may be notified.
        Nothing else is written. Raises DaysNotWorkedOff if a day cannot be worked off.
        """
        line_id = row.pk if isinstance(row, CreditLine) else row.line_id
        lines.lock(line_id, now=now, notes_instant=False)

    def brief(self, row: Any, name: str) -> Brief | None:
        """The brief that credit.queries.briefs has for the decision `name` about the row, or
        None.
        """
        return briefs.about(row, name)


def status(row: Any) -> Values:
    """The row's status as a person reads it, under the label "Status": for rows that are decided
    once.
    """
    return {"Status": row.get_status_display()}


def limit(line: CreditLine) -> Values:
    """The line's limit, as money, under the label "Limit". A page of decisions shows it,
    and compares it when the form comes back, to notice that it has changed meanwhile.
    """
    return {"Limit": line.limit}


def freezes(line: CreditLine) -> Values:
    """A text for each freeze in force on the line, under one label. So another freeze for the same
    reason is noticed, too.
    """
    in_force = line.freezes.filter(lifted_at__isnull=True).order_by("pk")
    return {"Frozen for": [str(freeze) for freeze in in_force]}


def is_placed(act: Act) -> bool:
    """Whether a freeze of the row, a credit line, was placed by this form already: one with the
    form's request key, also if it was lifted since.
    """
    key = act.cleaned_data["request_key"]
    return bool(act.row.freezes.filter(request_key=key).exists())


def corrected(line: CreditLine) -> Values:
    """The sum of all corrections of the line's proceeds, counter-entries included, as money under
    its label. The proceeds themselves are not shown, as they move with every payment.
    """
    found = line.proceeds_corrections.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
    return {"Corrected so far": money.of(found, line.currency)}


def is_corrected(act: Act) -> bool:
    """Whether this form, by its request key, has corrected the proceeds of the row, a credit line,
    already.
    """
    key = act.cleaned_data["request_key"]
    return bool(act.row.proceeds_corrections.filter(request_key=key).exists())


def taken_back(correction: ProceedsCorrection) -> Values:
    """Whether the correction was taken back, under its label."""
    return {"Taken back": _is_taken_back(correction)}


def may_be_taken_back(correction: ProceedsCorrection) -> bool:
    """Look up whether the correction is no counter-entry itself and has none."""
    return not correction.is_counter_entry and not _is_taken_back(correction)


def _is_taken_back(correction: ProceedsCorrection) -> bool:
    """Look up whether the correction has a counter-entry."""
    return ProceedsCorrection.objects.filter(undoes=correction.pk).exists()


def days(line: CreditLine) -> Values:
    """The line's payment days and settlement days, each under its label."""
    return {"Payment days": line.payment_days, "Settlement days": line.settlement_days}


def status_and_limit(row: LimitReview | LimitRequest) -> Values:
    """The status of a review or request, and the present limit of its line, each under its
    label.
    """
    return status(row) | limit(row.line)
