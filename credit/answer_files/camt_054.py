"""What a notice of entries, camt.054, says about withdrawals (rule 29.23): a debit that was booked
paid one, and a credit that names one brought it back. A debit that names none may be the sum of
many (credit.operations.batches); one that takes back what was credited paid nothing.
"""

from collections.abc import Iterable, Iterator

from credit.answer_files.said import (
    BATCH,
    BOOKED,
    CREDITED,
    PENDING,
    RETURNED,
    TAKEN_BACK,
    Said,
)
from lib.bank_files.said import Entry, Statement, Transaction

RETURN = "RRTN"  # how ISO's code of a movement ends that is a return of a payment


def read(notices: Iterable[Statement]) -> Iterator[Said]:
    """Yield what each payment of each entry says, in the order of the file."""
    for notice in notices:
        for entry in notice.entries:
            for one in entry.transactions:
                yield _said(notice, entry, one)


def _said(notice: Statement, entry: Entry, one: Transaction) -> Said:
    """What a payment of a notice says of the withdrawal whose reference it has; without one, of the
    batch or the file that it names, if it names any. A debit that was booked without a reference is
    a BATCH. The amount of a debit is the one that was ordered, where the notice has it; of a
    credit, also one that brings a withdrawal back, it is the one that was booked.
    """
    # What was ordered, where charges were booked together with what went out. Of what came in, only
    # what was booked is here: a return may name what was ordered once, and have lost charges.
    ordered = "" if one.is_credit else one.instructed
    amount, _, currency = ordered.partition(" ")
    reference = one.end_to_end_id or one.instruction_id
    status = _status(entry, one)
    return Said(
        reference=reference or one.batch_id or one.message_id,
        status=BATCH if status == BOOKED and not reference else status,
        bank_reference=one.bank_reference
        or entry.bank_reference
        or one.transaction_id
        or notice.id,
        reason=" ".join(filter(None, [_code(one), one.return_text])),
        amount=amount or f"{one.amount:f}",
        currency=currency or notice.currency,
        account=notice.account,
    )


def _code(one: Transaction) -> str:
    """The code of the reason for which it came back, with a colon if words follow; "" without a
    code.
    """
    return f"{one.return_reason}:" if one.return_text and one.return_reason else one.return_reason


def _status(entry: Entry, one: Transaction) -> str:
    """PENDING while the entry is not booked; then BOOKED or, if it is said to undo what was
    credited, TAKEN_BACK for what went out, and RETURNED or CREDITED for what came in, by whether it
    is said to have come back.
    """
    if not entry.is_booked:
        return PENDING
    undoes = one.return_reason or entry.is_reversal or entry.code.endswith(RETURN)
    if one.is_credit:
        return RETURNED if undoes else CREDITED
    return TAKEN_BACK if undoes else BOOKED
