"""Decisions that wait for a second person (chapter 22 of docs/rules.md)."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from .money import ZERO
from .refusals import Refused

if TYPE_CHECKING:
    from .model import Merchant

T = TypeVar("T")
WAITS_FOR = timedelta(days=7)
# What is called as that of which it changes something, where that is not the act's own name.
SUBJECTS = {"raise": "limit", "answer limit": "limit", "answer threshold": "threshold"}


@dataclass(eq=False)
class Proposal:
    """`before` is how what it changes was; `content` is all that makes two of them the same."""

    what: str
    to: Any
    subject: tuple[str, str]
    content: tuple[Any, ...]
    before: Decimal | None
    proposed_at: datetime
    proposed_on: date
    status: str = "PROPOSED"  # then CONFIRMED, REFUSED, WITHDRAWN or LAPSED

    def has_lapsed(self, now: datetime) -> bool:
        """Whether it has waited for too long."""
        return self.proposed_at + WAITS_FOR <= now


def subject_of(owner: "Merchant", what: str, to: Any) -> tuple[str, str]:
    """What the decision is about: of two about one subject the second has to wait."""
    if what == "credit on":
        return what, to[0]
    if what == "answer credit" and owner.account.credits_asked:
        asked = owner.account.credits_asked
        return "credit on", asked[to[0] % len(asked)].charge.reference
    if what == "write off":
        return what, to
    return SUBJECTS.get(what, what), ""


def before_of(owner: "Merchant", what: str, to: Any) -> Decimal | None:
    """The figure that has to be as it was when this was proposed, such as the limit; None where
    there is none.
    """
    if what == "limit":
        return owner.line.limit
    if what == "threshold":
        return owner.account.threshold
    if what == "write off" and to in owner.line.orders:
        return owner.line.orders[to].outstanding
    return None


def content_of(owner: "Merchant", what: str, to: Any) -> tuple[Any, ...]:
    """What is proposed, with what the second person is shown. Forms with a key of their own are
    never the same.
    """
    shown = {
        "limit": ZERO, "threshold": ZERO, "give back": owner.account.unapplied,
        "write off": owner.line.limit,
    }  # fmt: skip
    return what, to, shown.get(what) if what in shown else object()


def propose(owner: "Merchant", made: Proposal, now: datetime) -> Proposal:
    """Propose this to a second person; returns the proposal that waits, if it is the same. Raises
    Refused while another about that subject does.
    """
    for one in owner.proposals:
        if one.subject == made.subject and one.status == "PROPOSED":
            if one.has_lapsed(now):
                one.status = "LAPSED"
            elif one.content == made.content:
                return one
            else:
                raise Refused("proposal_waits")
    owner.proposals.append(made)
    return made


def waiting(owner: "Merchant", which: int, now: datetime) -> Proposal:
    """The `which`-th proposal that waits. Raises Refused, also for one that has lapsed."""
    found = [one for one in owner.proposals if one.status == "PROPOSED"]
    if not found:
        raise Refused("none")
    proposal = found[which % len(found)]
    if proposal.has_lapsed(now):
        raise Refused("lapsed")
    return proposal


def end(owner: "Merchant", which: int, status: str) -> None:
    """End the `which`-th proposal that waits, with this status."""
    waiting(owner, which, owner.clock).status = status


def lapse(owners: "list[Merchant]", now: datetime) -> None:
    """Have the proposals lapse that nobody has confirmed in time; nothing has changed by them."""
    for owner in owners:
        for one in owner.proposals:
            if one.status == "PROPOSED" and one.has_lapsed(now):
                one.status = "LAPSED"


def as_of_then(owner: "Merchant", proposal: Proposal) -> Any:
    """What the proposal is about, as of when it was made: a day of service stays the same."""
    if proposal.what != "charge":
        return proposal.to
    *what, days_ago = proposal.to
    return (*what, days_ago + (owner.open_day - proposal.proposed_on).days)


def remembered(books: T, shared: list[Any]) -> T:
    """A copy of the books as they are now. What merchants share is not copied."""
    return deepcopy(books, {id(one): one for one in shared})
