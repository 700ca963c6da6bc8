"""What a file says about withdrawals, whichever form it has."""

from dataclasses import dataclass
from typing import ClassVar

from lib.refusals import Refused

# Statuses of PayoutAnswer.status beside PAID and FAILED of a CSV, and the codes of pain.002: what a
# camt.054 says of an entry.
BOOKED, PENDING, RETURNED, CREDITED = "BOOKED", "PENDING", "RETURNED", "CREDITED"
# A debit by which the bank takes back what it had credited, such as a return.
TAKEN_BACK = "TAKEN_BACK"
# What a bank booked as one sum, without saying which withdrawals are in it.
BATCH = "BATCH"
# Of pain.002 (ISO External Payment Transaction Status): paid, refused, and still on its way.
SETTLED = frozenset({"ACSC", "ACCC"})
REJECTED = frozenset({"RJCT", "CANC"})
UNDER_WAY = frozenset("ACCP ACFC ACSP ACTC ACWC ACWP PART PATC PDNG PRES RCVD".split())  # noqa: SIM905


class UnreadableFile(Refused):
    """The file is none of the forms in which banks answer. None of its rows was stored."""

    code = "unreadable_file"


@dataclass(frozen=True)
class Said:
    """An answer about one withdrawal, by its reference, or about all that are in a file of ours or
    in its part of a currency and are not told of on their own.
    """

    COLUMNS: ClassVar = ("reference", "status", "bank_reference", "reason", "amount", "currency")

    reference: str
    status: str
    bank_reference: str = ""
    reason: str = ""  # in a pain.002 and a camt.054 a code, and perhaps the bank's own words
    amount: str = ""
    currency: str = ""
    number: int = 0  # of the row, where the file counts them
    file: str = ""  # that it is about as a whole
    part: str = ""
    account: str = ""  # of ours, as the bank has it, of a BATCH
    told_apart: frozenset[str] = frozenset()  # references of withdrawals that it is not about

    @property
    def is_about_many(self) -> bool:
        """Whether it is about a file, or a part of one, and not about one withdrawal."""
        return bool(self.file)

    @property
    def columns(self) -> dict[str, str]:
        """What it says as values of the columns of a PayoutAnswer, by their names."""
        return {name: getattr(self, name) for name in self.COLUMNS}
