"""Adds fees that the platform's systems may charge (rule 12.13)."""

import re
from datetime import datetime

from django.conf import settings
from django.db import transaction

from billing.models import Fee
from billing.models.fees import ADDED_CATEGORIES, Posting
from billing.operations import prices
from billing.trail import Action
from lib import wording
from lib.refusals import Conflict, Invalid
from trail import operations as trail

CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_CODE, LONGEST_DEFINITION = 40, 500
RESERVED = ("credit-", "manual-", "tael-")  # how codes of Tael's own fees begin
ENGLISH = "en"


class FeeConflict(Conflict):
    """There is a fee with this code, and it is another one."""


def languages() -> list[str]:
    """The codes of the languages in which a fee's name and definition are kept: those of merchants'
    pages, English among them.
    """
    return [code for code, _name in settings.LANGUAGES]


@transaction.atomic
def add(
    *,
    code: str,
    category: str,
    posting: str,
    names: dict[str, str],
    definitions: dict[str, str],
    actor: str,
    reason: str,
    now: datetime,
) -> Fee:
    """Add a fee, with a trail row; the platform's systems may charge it from now on. `names` and
    `definitions` are by language, one for each language of merchants' pages.

    The same fee again returns the one that there is, and changes nothing. A fee never changes. Of
    two calls at once, the second waits. Raises FeeConflict for another fee with this code, and
    Invalid for a code or category that is Tael's own, a code or posting that cannot be, a missing
    name or definition, or without a reason. Rule 12.13.
    """
    reason = wording.checked("reason", reason, wording.LONGEST_REASON)
    _check(code, category, posting)
    names = {key: wording.line("name", names.get(key, "")) for key in languages()}
    definitions = {
        key: wording.line("definition", definitions.get(key, ""), LONGEST_DEFINITION)
        for key in languages()
    }
    fee = Fee(
        code=code,
        category=category,
        posting=posting,
        name=names.pop(ENGLISH),
        definition=definitions.pop(ENGLISH),
        names=names,
        definitions=definitions,
        added_at=now,
        added_by=actor,
    )
    prices.wait_turn()
    known = Fee.objects.filter(pk=code).first()
    if known is not None:
        _check_same(known, fee)
        return known
    fee.save(force_insert=True)
    trail.write(
        Action.FEE_ADDED,
        subject=code,
        after={"category": category, "posting": posting, "name": fee.name},
        actor=actor,
        reason=reason,
        now=now,
    )
    return fee


def _check(code: str, category: str, posting: str) -> None:
    """Raise Invalid unless operators may add a fee: its code is of small letters, digits and
    hyphens, not too long, and does not begin like one of Tael's own; its category is one that they
    may add to; and the posting exists.
    """
    if len(code) > LONGEST_CODE or not CODE.fullmatch(code):
        raise Invalid("code", "must be small letters, digits and hyphens, such as gift-wrapping")
    if code.startswith(RESERVED):
        raise Invalid("code", f"{code!r} begins like one of Tael's own fees")
    if category not in ADDED_CATEGORIES:
        raise Invalid("category", f"{category!r} has only fees of Tael's own")
    if posting not in Posting.values:
        raise Invalid("posting", f"{posting!r} is none")


def _check_same(known: Fee, fee: Fee) -> None:
    """Raise FeeConflict unless the known fee was added by an operator and says all that the other
    one says.
    """
    said = ("category", "posting", "name", "definition", "names", "definitions")
    others = [name for name in said if getattr(known, name) != getattr(fee, name)]
    if others or known.added_at is None:
        raise FeeConflict(f"code: there is a fee {known.code} already", others or ["code"])
