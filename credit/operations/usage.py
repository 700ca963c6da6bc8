"""Notifies a merchant when its limit is nearly or wholly used, by an order or a cut (rule 11.2)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import DecimalField, ExpressionWrapper, F
from moneyed import Money

from credit.models import CreditLine, LimitEntry
from credit.notices.line import LIMIT_80, LIMIT_100
from credit.rules import LIMIT_MOSTLY_USED, LIMIT_TOLD_ANEW
from lib import money
from notices.kinds import Kind
from notices.models import Notice
from notices.operations import notices


@dataclass(frozen=True)
class Use:
    """How much of a limit is used, and the limit."""

    used: Money
    limit: Money

    @property
    def is_mostly_used(self) -> bool:
        """Whether at least four fifths of the limit is used. Never if nothing is."""
        return bool(self.used) and self.used >= self.limit * LIMIT_MOSTLY_USED

    @property
    def is_used_up(self) -> bool:
        """Whether all of the limit is used, or more. Never if nothing is."""
        return bool(self.used) and self.used >= self.limit


def reached(before: Use, after: Use) -> Kind | None:
    """The kind of notice that going from `before` to `after` causes: LIMIT_100 if all of the limit
    is used now and was not before, else LIMIT_80 if four fifths are and were not; None where it
    causes none.
    """
    if after.is_used_up and not before.is_used_up:
        return LIMIT_100
    if after.is_mostly_used and not before.is_mostly_used:
        return LIMIT_80
    return None


def notify(line: CreditLine, *, before: Use, after: Use, cause: str, at: datetime) -> None:
    """Notify the merchant if the use of its limit reaches four fifths, or all of it, between
    `before` and `after`.

    If it reaches both at once, only the whole limit is notified. Does nothing if it reaches
    neither, or reaches one again without having fallen below seven tenths since it was notified;
    four fifths count as notified with the whole limit. There is one notice of a kind and `cause`.
    Rule 11.2, rule 11.7.
    """
    kind = reached(before, after)
    if kind is None or _is_known(line, kind):
        return
    notices.write(
        merchant_id=line.pk,
        kind=kind,
        cause=cause,
        at=at,
        used=money.text(after.used),
        limit=money.text(after.limit),
        currency=line.currency,
    )


def notify_of_cut(
    line: CreditLine, *, limit_before: Money, limit: Money, cause: str, at: datetime
) -> None:
    """Notify the merchant if a cut of the limit from `limit_before` to `limit`, while `line.used`
    stayed the same, makes its use reach four fifths or all of the limit (`notify`). There is one
    notice of a kind and `cause`. Rule 11.2.
    """
    notify(
        line,
        before=Use(line.used, limit_before),
        after=Use(line.used, limit),
        cause=cause,
        at=at,
    )


def _is_known(line: CreditLine, kind: Kind) -> bool:
    """Look up whether the merchant was notified of as much as `kind` says, four fifths or the whole
    limit, and at least seven tenths have been used ever since.
    """
    kinds = [LIMIT_100.code] if kind is LIMIT_100 else [LIMIT_80.code, LIMIT_100.code]
    told = Notice.objects.filter(merchant=line.pk, kind__in=kinds)
    last = told.order_by("-id").values_list("at", flat=True).first()
    if last is None:
        return False
    least = ExpressionWrapper(F("limit_after") * LIMIT_TOLD_ANEW, output_field=DecimalField())
    since = LimitEntry.objects.filter(line=line.pk, at__gt=last)
    return not since.filter(used_after__lt=least).exists()
