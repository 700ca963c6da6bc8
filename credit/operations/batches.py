"""Finds which withdrawals a bank booked as one sum (rule 29.23): those of a file of ours, or of its
part in that currency, which come to the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from credit.answer_files.said import BOOKED, Said
from credit.models import PaymentFile, PayoutAnswer, Withdrawal
from credit.payment_files import pain_001
from lib.bank_files.said import same_account
from lib.refusals import Refused

MOST = 200  # files that are looked through, the latest ones


class NoSuchSum(Refused):
    """No file of ours comes to what the bank booked as one sum, or several do."""

    code = "no_such_sum"


@dataclass(frozen=True)
class Part:
    """The withdrawals of a file in one currency that a bank may have booked as one sum."""

    file: str
    name: str  # as the file calls the part
    account: str  # of ours, by its number
    withdrawals: Sequence[Withdrawal]

    @property
    def total(self) -> Decimal:
        """The part's control sum: what its withdrawals come to, without fees."""
        return sum((one.amount.amount for one in self.withdrawals), Decimal(0))

    @property
    def waits(self) -> bool:
        """Whether the bank has still to say what became of one of them."""
        return any(not one.has_ended for one in self.withdrawals)

    @property
    def accepted(self) -> "Part":
        """The part without those of its withdrawals that have failed: the bank had refused them
        before it booked the sum. Those that still wait for an answer stay in it.
        """
        left = [one for one in self.withdrawals if not one.is_failed]
        return replace(self, withdrawals=left)


def spread(said: Said) -> Iterator[Said]:
    """Yield what a debit of one sum says of each withdrawal in it. They are those of the one part
    that comes to that sum, with or without the withdrawals that the bank had refused, and that is
    paid from the account of ours which was debited: of the file or part that the bank names or,
    where it names none, of our latest files. Parts of which it has told all count only where no
    other does. The debit is yielded as it is where there is no such part, or several.
    """
    try:
        amount = Decimal(said.amount)
    except ArithmeticError:
        amount = Decimal(0)
    parts = [
        one
        for one in _parts(said.reference, said.currency)
        if same_account(one.account, said.account, said.currency)
    ]
    found = _of_amount([one for one in parts if one.waits], amount) or _of_amount(parts, amount)
    if len(found) != 1:
        yield said
        return
    for one in found[0].withdrawals:
        yield Said(one.reference, BOOKED, said.bank_reference, said.reason)


def refusal(answer: PayoutAnswer) -> NoSuchSum:
    """Return the refusal, for the caller to raise, of a row of a bank's notice that books
    one sum, if it is not certain which withdrawals are in it. The text says why. If the row
    names a file or part, it says to what sums that comes, or that it is none of ours; if it
    names none, which of our files that wait for an answer come to the sum, or that none
    does. Unless the named file is none of ours, it also says what to do about it.
    """
    said = f"{answer.amount} {answer.currency}".strip()
    named = [
        one
        for one in _parts(answer.reference, answer.currency)
        if answer.reference in (one.file, one.name)
    ]
    if named:
        sums = ", ".join(f"{one.total:f}" for one in named)
        return NoSuchSum(
            f"The bank booked {said} as one sum for {answer.reference}, whose withdrawals come to"
            f" {sums} {answer.currency}. Ask it for the single payments (a pain.002, or a camt.054"
            " with details)."
        )
    if answer.reference:
        return NoSuchSum(
            f"The bank booked {said} as one sum for {answer.reference}, which is no file of ours."
        )
    try:
        waiting = [one for one in _parts("", answer.currency) if one.waits]
        alike = _of_amount(waiting, Decimal(answer.amount))
    except ArithmeticError:
        alike = []
    if alike:
        return NoSuchSum(
            f"The bank booked {said} as one sum, and {', '.join(one.name for one in alike)} come to"
            " that: it does not say which. Ask it for the single payments."
        )
    return NoSuchSum(
        f"The bank booked {said} and names no withdrawal, and no file of ours that waits for an"
        " answer comes to that. A fee of the bank's is nothing to do; of withdrawals ask it for the"
        " single payments."
    )


def _of_amount(parts: Sequence[Part], amount: Decimal) -> list[Part]:
    """Those of the parts whose withdrawals come to the amount. A part that does not is tried again
    without the withdrawals that the bank had refused, and given without them if that comes to it.
    """
    either = [one if one.total == amount else one.accepted for one in parts]
    return [one for one in either if one.withdrawals and one.total == amount]


def _parts(name: str, currency: str) -> list[Part]:
    """The parts in this currency of our pain.001 files, those without withdrawals left out: of the
    file or part with this name, or, if the name is empty, of the latest MOST files. Empty for a
    name that is none of ours.
    """
    files = PaymentFile.objects.order_by("-pk")
    whole = name.removesuffix(f"-{currency}")
    named = files.filter(name__in=[name, whole]) if name else files[:MOST]
    parts = [_part(one, currency) for one in named]
    return [one for one in parts if one.withdrawals]


def _part(file: PaymentFile, currency: str) -> Part:
    """Look up the withdrawals of the part of the file in this currency, and return the part, which
    may have nothing in it.
    """
    written = Withdrawal.objects.filter(batch=str(file)).order_by("line_id", "pk")
    found = [one for one in written if str(one.currency) == currency]
    account = str(file.accounts.get(currency, {}).get("number", ""))
    return Part(str(file), pain_001.part_name(str(file), currency), account, found)
