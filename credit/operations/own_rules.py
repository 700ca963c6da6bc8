"""A merchant's own rules for new orders: a pause, and caps (rule 6.1, rule 6.2).

Orders that they decline cause no notice and do not count as lost value, since the merchant wanted
it so.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from moneyed import Money

from credit.models import CreditLine
from credit.operations import lines
from credit.operations.lines import LineClosed as LineClosed
from credit.trail import Action
from lib import money
from lib.refusals import Invalid, Refused
from trail import operations as trail

# The trail's action for a change of each cap.
CHANGED = {"order_cap": Action.ORDER_CAP_CHANGED, "buyer_cap": Action.BUYER_CAP_CHANGED}


class CapsChanged(Refused):
    """Somebody has changed the caps since who changes them looked at them."""

    code = "caps_changed"
    sentence = _(
        "The caps were changed while you were typing. See what is saved now; if yours are to take"
        " their place, save again."
    )


@transaction.atomic
def pause(*, merchant_id: int, actor: str, now: datetime) -> CreditLine:
    """Decline new orders until `resume`, with a trail row. Does nothing if they are paused already.
    Raises LineClosed. It locks the line (lines.lock). Rule 6.1.
    """
    line = _lock_open(merchant_id, now)
    if not line.is_paused:
        line.paused_at = line.now
        _save(line, Action.ORDERS_PAUSED, "orders", "taken", "paused", actor)
    return line


@transaction.atomic
def resume(*, merchant_id: int, actor: str, now: datetime) -> CreditLine:
    """Accept new orders again, with a trail row. Does nothing if they are not paused. Raises
    LineClosed. It locks the line (lines.lock).
    """
    line = _lock_open(merchant_id, now)
    if line.is_paused:
        line.paused_at = None
        _save(line, Action.ORDERS_RESUMED, "orders", "paused", "taken", actor)
    return line


@transaction.atomic
def set_caps(
    *,
    merchant_id: int,
    order: Money | None,
    buyer: Money | None,
    seen: str | None = None,
    actor: str,
    now: datetime,
) -> CreditLine:
    """Set the caps on a single order, and on what one buyer may owe; None means no cap. Writes a
    trail row for each that changes. `seen` are the caps that the page showed on which somebody
    typed these (`version`); None skips that check.

    An amount equal to a cap is allowed. Raises LineClosed, CurrencyMismatch, Invalid for a cap that
    is not above 0 or has more digits than the currency, and CapsChanged if something would change
    and the caps are not as they were `seen`. It locks the line (lines.lock). Rule 6.2, rule 6.5.
    """
    line = _lock_open(merchant_id, now)
    wanted = {
        "order_cap": _accepted(line, "order_cap", order),
        "buyer_cap": _accepted(line, "buyer_cap", buyer),
    }
    changed = [field for field, cap in wanted.items() if cap != getattr(line, field)]
    if changed and seen is not None and seen != version(line):
        raise CapsChanged("caps: they were changed meanwhile; look at them again")
    for field in changed:
        before = _text(getattr(line, field))
        setattr(line, field, wanted[field])
        _save(line, CHANGED[field], field, before, _text(wanted[field]), actor)
    return line


def version(line: CreditLine) -> str:
    """The line's present caps as one text, by which a form says which ones it was shown with."""
    return f"{_text(line.order_cap) or 'none'}, {_text(line.buyer_cap) or 'none'}"


def _accepted(line: CreditLine, field: str, cap: Money | None) -> Money | None:
    """The cap as the line keeps it; None for no cap. Raises CurrencyMismatch, and Invalid for one
    that is not above 0 or has more digits than the currency.
    """
    accepted = None if cap is None else money.accepted(cap, line.currency, field=field)
    if accepted is not None and accepted.amount <= 0:
        raise Invalid(field, "must be more than 0")
    return accepted


def _lock_open(merchant_id: int, now: datetime) -> CreditLine:
    """Lock and return the merchant's line. Raises LineClosed if it is closed. Ended days are worked
    off first (lines.lock).
    """
    line = lines.lock(merchant_id, now=now)
    lines.check_open(line)
    return line


def _save(line: CreditLine, action: Action, name: str, before: str, after: str, actor: str) -> None:
    """Save the line's pause and caps, and write the trail row of the one that changed, which it
    calls `name`; `before` and `after` are its values as texts.
    """
    line.save(update_fields=["paused_at", "order_cap", "buyer_cap"])
    trail.write(
        action,
        merchant_id=line.pk,
        subject="credit line",
        before={name: before},
        after={name: after},
        actor=actor,
        now=line.now,
    )


def _text(cap: Money | None) -> str:
    """The cap as text with its currency, for a trail row; "" for no cap."""
    return "" if cap is None else money.full(cap)
