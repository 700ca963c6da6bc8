"""Reads statements of our bank accounts. Nothing here writes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from moneyed import Money

from billing.models import BankFile, BankLine, BankStatement, IssuerVersion
from lib import money
from lib.bank_files.said import Statement, compact, same_account

Status = BankLine.Status
DECIDED_BY_PEOPLE = (Status.PROPOSED, Status.OPEN, Status.RETURN)
OVERLAP = "Overlap"  # how the reason for which a statement waits begins, if it is no gap


def account_of(said: str, currency: str) -> str | None:
    """The account of ours that the number `said` in a file means, as the letters and digits of our
    own number for it. It has to be in this currency, and bills that name it carry references, or
    did once; otherwise the result is None.
    """
    versions = IssuerVersion.objects.filter(has_references=True).order_by("-pk")
    for banks in versions.values_list("bank_accounts", flat=True):
        for one in banks:
            if one["currency"] == currency and same_account(one["number"], said, currency):
                return "".join(sign for sign in compact(one["number"]) if sign.isalnum())
    return None


def of_account(account: str, currency: str) -> "QuerySet[BankStatement]":
    """All statements of the account in this currency, whatever their status, in the order in which
    they came; not what another cell has handed over of its own.
    """
    found = BankStatement.objects.filter(account=account, currency=currency)
    return found.exclude(kind=BankStatement.HANDED_OVER).order_by("pk")


def is_handed_over(file: BankFile) -> bool:
    """Whether all that is here of a file was handed over by the cell that took it; False if nothing
    is.
    """
    kinds = set(file.statements.values_list("kind", flat=True))
    return kinds == {BankStatement.HANDED_OVER}


def known(account: str, said: Statement, name: str) -> BankStatement | None:
    """The statement on record of the account, in the currency of the file's statement `said`, that
    has this `name`, whatever it says. One that has the name which `said` got in former versions
    (`former_id`) is taken too, but only with the same digest, since others of its day may have that
    name. None if there is neither.
    """
    found = of_account(account, said.currency)
    before = Q(name=said.former_id, digest=said.former_digest) if said.former_id else Q(pk=None)
    return found.filter(Q(name=name) | before).first()


def last(account: str, currency: str) -> BankStatement | None:
    """The last of the account's statements that were taken, which is the one that no other follows;
    None if none was taken.
    """
    taken = of_account(account, currency).filter(status=BankStatement.Status.TAKEN)
    return taken.filter(next__isnull=True).first()


def why_it_waits(statement: BankStatement) -> str:
    """In which way the statement does not follow the last one that was taken, in a sentence or two;
    "" if it does, does not wait, or none was taken. It is an overlap if it ends on an earlier day,
    or if statements that were taken have lines of the same days and amounts as it; and else a gap,
    as it does not begin with the closing balance of the last one.
    """
    before = last(statement.account, statement.currency) if statement.is_waiting else None
    if before is None or follows(statement, before):
        return ""
    if statement.closes_on < before.closes_on:
        return (
            f"{OVERLAP}: it ends on {statement.closes_on}, and the last statement that was taken,"
            f" {before.name}, ends on {before.closes_on}."
        )
    missing = money.full(statement.opening - before.closing)
    between = (
        f"it begins with {money.full(statement.opening)}, and the last statement that was"
        f" taken, {before.name} up to {before.closes_on}, ended with {money.full(before.closing)}:"
        f" {missing} between them."
    )
    own, repeated = _own_and_repeated(statement)
    if not repeated:
        return f"Gap: {between}"
    if own == repeated:
        return (
            f"{OVERLAP}: for each of its lines there is one of the same day and amount in"
            " statements that were taken."
        )
    return (
        f"{OVERLAP}: for {repeated} of its {own} lines there is one of the same day and amount in"
        f" statements that were taken. Besides, {between}"
    )


def is_overlap(statement: BankStatement) -> bool:
    """Whether the statement waits as it says again what statements that were taken say, or may."""
    return why_it_waits(statement).startswith(OVERLAP)


def follows(statement: BankStatement, before: BankStatement) -> bool:
    """Whether the statement goes on where the one before ended: it begins with the closing balance
    of that, does not end on an earlier day, and does not just repeat lines of statements that were
    taken.
    """
    goes_on = statement.opening == before.closing and statement.closes_on >= before.closes_on
    return goes_on and not _repeats(statement)


def _repeats(statement: BankStatement) -> bool:
    """Whether the statement has lines, and for each of them there is one of the same day and amount
    in statements of its account that were taken, of which one began and one ended with the same
    balance as it, unless the statement ends as it began. That is so of the same day in another
    format, of an account that is emptied in the evening, whose balances tell nothing.
    """
    if statement.opening != statement.closing:
        taken = _taken_in_its_days(statement)
        begun = taken.filter(opening=statement.opening.amount)
        ended = taken.filter(closing=statement.closing.amount)
        if not (begun.exists() and ended.exists()):
            return False
    own, repeated = _own_and_repeated(statement)
    return bool(own) and own == repeated


def _taken_in_its_days(statement: BankStatement) -> "QuerySet[BankStatement]":
    """The statements of the same account that were taken and have days of this one's, in the order
    in which they came; this one among them, if it was taken.
    """
    return of_account(statement.account, statement.currency).filter(
        status=BankStatement.Status.TAKEN,
        closes_on__gte=statement.opens_on,
        opens_on__lte=statement.closes_on,
    )


def _own_and_repeated(statement: BankStatement) -> tuple[int, int]:
    """How many lines the statement, which is not taken, has, and for how many of them there is one
    of the same day and amount in statements of its account that were taken, each counted once.
    """
    taken = _taken_in_its_days(statement)
    own = Counter(statement.lines.values_list("booked_on", "amount"))
    others = BankLine.objects.filter(statement__in=taken).values_list("booked_on", "amount")
    return own.total(), (own & Counter(others)).total()


def repeated_by(line: BankLine) -> "QuerySet[BankLine]":
    """The lines that this one may say again, as they have its day and amount: those of other
    statements of its account that were taken, if an operator had its own taken though it does not
    follow; else none. They are in the order in which they came.
    """
    statement = line.statement
    if statement.decided_at is None:
        return BankLine.objects.none()
    taken = _taken_in_its_days(statement).exclude(pk=statement.pk)
    found = BankLine.objects.filter(
        statement__in=taken, booked_on=line.booked_on, amount=line.amount.amount
    )
    return found.select_related("statement").order_by("pk")


def to_match(now: datetime) -> Sequence[int]:
    """The keys, rising, of the lines of statements that were taken which nobody has looked at, or
    that are on their way to another cell. `now` is not used.
    """
    found = BankLine.objects.filter(
        status=Status.WAITING, statement__status=BankStatement.Status.TAKEN
    )
    return list(found.order_by("pk").values_list("pk", flat=True))


def to_decide(now: datetime) -> Q:
    """The condition that a line waits for an operator, as it is proposed, open or a return. `now`
    is not used.
    """
    return Q(status__in=DECIDED_BY_PEOPLE)


@dataclass(frozen=True)
class Reckoning:
    """From what an account began with to a statement's closing balance: what became of all lines
    since.
    """

    brought: Money  # as its first statement began, and in gaps that an operator had taken
    booked: Money  # and so in the journal
    waits: Money  # for the job, or for an operator
    outside: Money  # went out, or is no merchant's of this cell
    closing: Money

    @property
    def difference(self) -> Money:
        """The closing balance less the lines that were booked. It consists of what was brought
        along, what waits, and what is not booked here: what went out, what is no merchant's,
        and what another cell books.
        """
        return self.closing - self.booked


def reckoned(statement: BankStatement) -> Reckoning:
    """How the closing balance of a statement that was taken comes about, from its lines and those
    of all that it follows: what they do not make up was brought along.
    """
    before = of_account(statement.account, statement.currency).filter(
        status=BankStatement.Status.TAKEN, pk__in=chain(statement)
    )
    lines = BankLine.objects.filter(statement__in=before)
    sums = dict(
        lines.order_by().values_list("status").annotate(sum=Sum("amount", default=Decimal(0)))
    )
    of = {
        name: money.of(sum((sums.get(one, Decimal(0)) for one in which), Decimal(0)),
                       statement.currency)
        for name, which in (
            ("booked", [Status.BOOKED]),
            ("waits", [Status.WAITING, *DECIDED_BY_PEOPLE]),
            ("outside", [Status.OUTGOING, Status.SET_ASIDE, Status.ELSEWHERE]),
        )
    }  # fmt: skip
    brought = statement.closing - of["booked"] - of["waits"] - of["outside"]
    return Reckoning(brought, of["booked"], of["waits"], of["outside"], statement.closing)


def chain(statement: BankStatement) -> list[int]:
    """The keys of the statement and of all that it follows, the first one last."""
    previous = dict(
        of_account(statement.account, statement.currency).values_list("pk", "previous_id")
    )
    keys: list[int] = []
    key: int | None = statement.pk
    while key is not None:
        keys.append(key)
        key = previous[key]
    return keys
