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
        line_id = row.pk if isinstance(row, CreditLine) else row.line_id
        lines.lock(line_id, now=now, notes_instant=False)

    def brief(self, row: Any, name: str) -> Brief | None:
        return briefs.about(row, name)


def status(row: Any) -> Values:
    """The state of a row that is decided once."""
    return {"Status": row.get_status_display()}


def limit(line: CreditLine) -> Values:
    return {"Limit": line.limit}


def freezes(line: CreditLine) -> Values:
    """Each freeze in force; that another one was placed for the same reason is seen, too."""
    in_force = line.freezes.filter(lifted_at__isnull=True).order_by("pk")
    return {"Frozen for": [str(freeze) for freeze in in_force]}


def is_placed(act: Act) -> bool:
    """Whether this form has placed its freeze already."""
    key = act.cleaned_data["request_key"]
    return bool(act.row.freezes.filter(request_key=key).exists())


def corrected(line: CreditLine) -> Values:
    """All that the proceeds were corrected by; they themselves move with every payment."""
    found = line.proceeds_corrections.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
    return {"Corrected so far": money.of(found, line.currency)}


def is_corrected(act: Act) -> bool:
    """Whether this form has corrected the proceeds already."""
    key = act.cleaned_data["request_key"]
    return bool(act.row.proceeds_corrections.filter(request_key=key).exists())


def taken_back(correction: ProceedsCorrection) -> Values:
    return {"Taken back": _is_taken_back(correction)}


def may_be_taken_back(correction: ProceedsCorrection) -> bool:
    """Whether it is no counter-entry and has none."""
    return not correction.is_counter_entry and not _is_taken_back(correction)


def _is_taken_back(correction: ProceedsCorrection) -> bool:
    return ProceedsCorrection.objects.filter(undoes=correction.pk).exists()


def days(line: CreditLine) -> Values:
    return {"Payment days": line.payment_days, "Settlement days": line.settlement_days}


def status_and_limit(row: LimitReview | LimitRequest) -> Values:
    """The state of a raise that waits, and the limit that it would change."""
    return status(row) | limit(row.line)
