"""What a bank's file says of an account, whichever format it came in (rule 29.10)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

# What a statement is compared by when it comes again, of each class below. A field that is added
# to one of them later does not stand here: digests that are kept would no longer be those of the
# same statements.
COMPARED = {
    "Party": ("name", "account"),
    "Balance": ("amount", "on"),
    "Transaction": (
        *("amount", "is_credit", "payer", "payee", "creditor_references", "text"),
        *("end_to_end_id", "instruction_id", "batch_id", "message_id", "transaction_id"),
        *("bank_reference", "return_reason", "return_text", "instructed"),
    ),
    "Entry": (
        *("number", "amount", "is_credit", "is_reversal", "is_booked", "booked_on", "value_on"),
        *("transactions", "bank_reference", "code", "text"),
    ),
    "Statement": (
        *("kind", "id", "account", "currency", "opening", "closing", "entries", "number"),
    ),
}


class UnreadableFile(Exception):
    """The file cannot be understood, or contradicts itself; nothing of it is taken.

    `str()` says in English what is wrong and where: of which statement, and which of its entries.
    """


@dataclass(frozen=True)
class Party:
    """Somebody who paid or is paid, as far as the bank names them."""

    name: str = ""
    account: str = ""  # an IBAN or another number, without spaces


@dataclass(frozen=True)
class Balance:
    """What an account had, below 0 for an overdraft, as a day ended."""

    amount: Decimal
    on: date


@dataclass(frozen=True)
class Transaction:
    """One payment of an entry. An entry that says no more of itself has one; a batch that the bank
    booked as one sum has one for each payment in it.
    """

    amount: Decimal  # above 0, in the account's currency
    is_credit: bool  # whether the account got it
    payer: Party = Party()
    payee: Party = Party()
    creditor_references: tuple[str, ...] = ()  # from fields that are made for them
    text: str = ""  # what the payer wrote, without line ends
    end_to_end_id: str = ""
    instruction_id: str = ""
    batch_id: str = ""  # of the batch of a payment order that it was in
    message_id: str = ""  # of the payment order itself
    transaction_id: str = ""
    bank_reference: str = ""  # the account's bank's own
    return_reason: str = ""  # such as AC04; empty unless it is a return
    return_text: str = ""
    instructed: str = ""  # what was ordered in another currency or before fees, as "100.00 USD"

    @property
    def signed(self) -> Decimal:
        """The amount by which it changes the account's balance: below 0 if it was debited."""
        return self.amount if self.is_credit else -self.amount


@dataclass(frozen=True)
class Entry:
    """A line of a statement: what the bank booked as one sum."""

    number: int  # 1, 2, … of its statement
    amount: Decimal  # above 0, in the account's currency
    is_credit: bool
    is_reversal: bool  # whether it takes back an earlier entry
    is_booked: bool  # not pending, so that balances have it
    booked_on: date
    value_on: date
    transactions: tuple[Transaction, ...]  # never none
    bank_reference: str = ""
    code: str = ""  # which kind of movement, in the bank's words: "PMNT-RCDT-ESCT", "NTRF"
    text: str = ""

    @property
    def signed(self) -> Decimal:
        """The amount by which it changes the account's balance, once it is booked: below 0 if it
        was debited.
        """
        return self.amount if self.is_credit else -self.amount


@dataclass(frozen=True)
class Statement:
    """What a file says of one account: a statement with its balances (camt.053, MT940), or a notice
    of entries without any (camt.054).
    """

    kind: str  # "camt.053", "camt.054", "MT940"
    # By which the bank knows it; of MT940 its reference, number and last day, and where the bank
    # counts none, how its digest begins.
    id: str
    account: str  # the account's number as the file has it, without spaces
    currency: str
    opening: Balance | None
    closing: Balance | None
    entries: tuple[Entry, ...]
    number: str = ""  # among the account's statements, as people count them
    former_id: str = ""  # what it was called here before its digest stood in its name

    @property
    def booked(self) -> Decimal:
        """By how much its booked entries change the balance, those that were debited below 0;
        pending ones do not count.
        """
        return sum((entry.signed for entry in self.entries if entry.is_booked), Decimal(0))

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of all that it says but its name (`id`); equal for the same statement in
        another file, however that writes its amounts.
        """
        said = _named(self)
        del said["id"]
        content = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def former_digest(self) -> str:
        """SHA-256, in hex, of what Python's repr said of the statement: the way in which digests
        were made before `digest`, and by which some statements are still kept.
        """
        return hashlib.sha256(_as_repr(self).encode()).hexdigest()

    def check(self) -> None:
        """Raises UnreadableFile unless it has both balances, and its booked entries lead from its
        opening balance to its closing balance.
        """
        if self.opening is None or self.closing is None:
            raise UnreadableFile(f"statement {self.id}: it has no opening and closing balance")
        wanted = self.closing.amount - self.opening.amount
        if self.booked != wanted:
            raise UnreadableFile(
                f"statement {self.id}: its {len(self.entries)} entries come to {self.booked}"
                f" {self.currency}, but from {self.opening.amount} to {self.closing.amount} it is"
                f" {wanted}; {self.booked - wanted} too much. {self._suspect(wanted)}".strip()
            )

    def _suspect(self, wanted: Decimal) -> str:
        """The sentence that names the first booked entry which alone could be at fault for the sum
        not being `wanted`: without it the sum would be right, as if it were there twice, or with
        the other sign. "" if there is none such.
        """
        excess = self.booked - wanted
        for entry in self.entries:
            if entry.is_booked and excess in (entry.signed, 2 * entry.signed):
                return (
                    f"Look at entry {entry.number}: {entry.signed} booked on"
                    f" {entry.booked_on.isoformat()}."
                )
        return ""


def _named(said: Any) -> Any:
    """What is compared of the value: amounts without zeros behind the last digit, and the fields of
    our classes by their names, but those that are empty.
    """
    match said:
        case Decimal():
            return f"{said.normalize() + 0:f}"
        case date():
            return said.isoformat()
        case tuple():
            return [_named(one) for one in said]
    names = COMPARED.get(type(said).__name__)
    if names is None:
        return said
    found = {name: _named(getattr(said, name)) for name in names}
    return {name: one for name, one in found.items() if one not in ("", [], {}, None)}


def _as_repr(said: Any) -> str:
    """Return what Python's repr said of the value while its classes had just the fields
    of COMPARED. A statement that had another name then has that one (`former_id`) for
    its `id`. The text must not change, as digests that are kept were made from it
    (`former_digest`).
    """
    if isinstance(said, tuple):
        return f"({', '.join(map(_as_repr, said))}{',' if len(said) == 1 else ''})"
    names = COMPARED.get(type(said).__name__)
    if names is None:
        return repr(said)
    fields = {name: getattr(said, name) for name in names}
    if isinstance(said, Statement):
        fields["id"] = said.former_id or said.id
    shown = ", ".join(f"{name}={_as_repr(one)}" for name, one in fields.items())
    return f"{type(said).__name__}({shown})"


def compact(number: str) -> str:
    """An account's number in capitals and without white space; hyphens and other signs stay."""
    return "".join(number.split()).upper()


def same_account(ours: str, said: str, currency: str) -> bool:
    """Whether `said`, a file's number of an account in this currency, is our account `ours`, which
    is an IBAN or another number. Case, white space and hyphens make no difference.

    Banks write an IBAN with the currency behind it, or the national number that is in it: the last
    digits of an IBAN, or bank code and account with a slash (37040044/532013000).
    """
    ours, said = compact(ours).replace("-", ""), compact(said).replace("-", "")
    said = said.removesuffix(currency)
    if said == ours:
        return True
    if not (len(ours) > 14 and ours[:2].isalpha() and ours[2:4].isdigit()):
        return said.rpartition("/")[2] == ours
    bank, _, account = said.rpartition("/")
    national = ours[4:]
    if not bank:
        return len(said) >= 8 and said == national
    return national == bank + account.zfill(len(national) - len(bank))
