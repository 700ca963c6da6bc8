"""Reads MT940 (SWIFT): statements of accounts in lines of tags.

The package mt-940 knows the tags and the German way to write field 86 (`?20SVWZ+…`). Here is what
it leaves out: the Dutch way (`/REMI/…`), what is said of a statement and not of its last entry, and
doubts about what was skipped.
"""

import logging
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from mt940.models import Transactions
from mt940.options import Options

from lib.bank_files.said import (
    Balance,
    Entry,
    Party,
    Statement,
    Transaction,
    UnreadableFile,
    compact,
)

# It would write lines of statements, which name payers, into our log.
logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)

BLOCK = re.compile(r"(?m)^(?=:20:)")
CLOSING = re.compile(r"(?m)^:62[FM]?:.*$")
ENTRY = re.compile(r"(?m)^:61:")
# Words between slashes by which Dutch banks structure field 86.
WORDS = (
    *("TRTP", "EREF", "IBAN", "BIC", "NAME", "REMI", "CNTP", "CSID", "MARF", "PREF", "ORDP"),
    *("BENM", "RTRN", "PURP", "ULTC", "ULTD", "ULTB", "ID", "SVCL", "TRCD", "ADDR", "ISDT", "OCMT"),
)
SLASHED = re.compile(rf"/({'|'.join(WORDS)})/")
SIGNS = 8  # of a digest, in a name
REMITTANCE_KINDS = re.compile(r"^(USTD|STRD(/CUR)?)//?")


def read(content: bytes) -> list[Statement]:
    """All statements of the file, in its order. Raises UnreadableFile if it has none, or one that
    cannot be read.
    """
    blocks = [block for block in BLOCK.split(_decoded(content)) if block.startswith(":20:")]
    if not blocks:
        raise UnreadableFile("the file has no statement (:20:)")
    return [_statement(place, block) for place, block in enumerate(blocks, start=1)]


def _decoded(content: bytes) -> str:
    """The text of the file, with every line end as LF. It is read as UTF-8, with a byte-order mark
    or without, or else in what banks had before that: Windows-1252, or ISO 8859-1.
    """
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = content.decode("iso-8859-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _statement(place: int, block: str) -> Statement:
    """The statement in this block of the file's text; `place` counts those of the file. Raises
    UnreadableFile for one that is not whole, names no account or currency, or has a line that
    cannot be read.
    """
    where = f"statement {place} of the file"
    ends = CLOSING.search(block)
    if ends is None:
        raise UnreadableFile(f"{where}: it has no closing balance (:62F:), so it is not whole")
    block = block[: ends.end()]  # what follows is said of the statement, not of its last entry
    parsed = Transactions(options=Options.all())
    try:
        parsed.parse(block)
    except (RuntimeError, ValueError, ArithmeticError, LookupError) as error:
        tag = getattr(error.args[1], "id", "") if len(error.args) > 1 else ""
        line = f"line :{tag}:" if tag else "an amount or day"
        # Not what it says, which may name a payer.
        after = (
            f"behind entry {len(parsed.transactions)}" if parsed.transactions else "at the start"
        )
        raise UnreadableFile(f"{where}: {line} {after} cannot be read") from None
    data = parsed.data
    opening = _balance(data, "opening", where)
    closing = _balance(data, "closing", where)
    currency = str(parsed.currency or "")
    account = compact(str(data.get("account_identification") or ""))
    if not account or not re.fullmatch("[A-Z]{3}", currency):
        raise UnreadableFile(f"{where}: it names no account (:25:) or no currency")
    if len(parsed.transactions) != len(ENTRY.findall(block)):
        raise UnreadableFile(f"{where}: a line :61: has no kind of movement, such as NTRF")
    number = "/".join(
        said for said in (data.get("statement_number"), data.get("sequence_number")) if said
    )
    named = [str(data.get("transaction_reference") or ""), number, closing.on.isoformat()]
    statement = Statement(
        kind="MT940",
        id=" ".join(one for one in named if one),
        account=account,
        currency=currency,
        opening=opening,
        closing=closing,
        entries=tuple(
            _entry(number, one.data, where)
            for number, one in enumerate(parsed.transactions, start=1)
        ),
        number=number,
    )
    return statement if _is_counted(data) else _called_by_its_content(statement)


def _is_counted(data: dict[str, Any]) -> bool:
    """Whether the bank numbers the statement whose values are in `data`. A statement without a
    number, or with number 0, is not counted, and there may be several of one day.
    """
    return bool(str(data.get("statement_number") or "").strip("0"))


def _called_by_its_content(statement: Statement) -> Statement:
    """The statement with the first SIGNS signs of its digest behind its name (`id`), so that
    another one of the same day has another name; `former_id` is the name without them.
    """
    name = f"{statement.id} {statement.digest[:SIGNS]}"
    return replace(statement, id=name, former_id=statement.id)


def _balance(data: dict[str, Any], name: str, where: str) -> Balance:
    """The balance called `name`, "opening" or "closing", from the values in `data`, be it of the
    statement or of a part of it. Raises UnreadableFile, which says `where`, if it is not there.
    """
    for kind in ("final_", "intermediate_", ""):
        said = data.get(f"{kind}{name}_balance")
        if said is not None and said.date is not None and hasattr(said.amount, "amount"):
            return Balance(said.amount.amount, _plain(said.date))
    raise UnreadableFile(f"{where}: it has no {name} balance")


def _plain(day: date) -> date:
    """The library's day as one of the standard library's."""
    return date(day.year, day.month, day.day)


def _entry(number: int, data: dict[str, Any], where: str) -> Entry:
    """The statement's entry of this number: a line :61: with its :86:, whose values are in `data`.
    Without a booking day, it is booked on its value day. Raises UnreadableFile, which says `where`,
    for one without an amount or a day.
    """
    amount = data.get("amount")
    if amount is None or "date" not in data:
        raise UnreadableFile(f"{where}, entry {number}: it has no amount or no day")
    signed: Decimal = amount.amount
    mark = str(data.get("status") or "").upper()
    value_on = _plain(data["date"])
    booked_on = _plain(data["entry_date"]) if data.get("entry_date") else value_on
    transaction = _transaction(abs(signed), signed > 0, data)
    return Entry(
        number=number,
        amount=abs(signed),
        is_credit=signed > 0,
        is_reversal=mark.startswith("R"),
        is_booked=True,
        booked_on=booked_on,
        value_on=value_on,
        transactions=(transaction,),
        bank_reference=_given(data.get("bank_reference")),
        code=str(data.get("id") or "").strip(),
        text=_line(data.get("extra_details")),
    )


def _transaction(amount: Decimal, is_credit: bool, data: dict[str, Any]) -> Transaction:
    """Return the payment of a line :61:, with the given amount and direction. Its field 86
    tells the other side, the text, the payer's reference and why it was returned (the first
    35 characters), in the Dutch or the German way of writing it; in any other way it is the
    text as a whole. A text or payer's reference that is not there is taken from the line
    itself, as the bank's reference always is.
    """
    said = str(data.get("transaction_details") or "")
    if SLASHED.search("".join(said.split("\n"))):
        words = _slashed("".join(said.split("\n")))
        account, name = words.get("IBAN", ""), words.get("NAME", "")
        text, reference = words.get("REMI", ""), words.get("EREF", "")
        returned = words.get("RTRN", "")
    else:
        account = str(data.get("gvc_applicant_iban") or data.get("applicant_iban") or "")
        name = str(data.get("applicant_name") or "")
        text = str(data.get("purpose") or "") or said
        reference = str(data.get("end_to_end_reference") or "")
        returned = str(data.get("return_debit_notes") or "")
    other = Party(name=_line(name), account=compact(account))
    return Transaction(
        amount=amount,
        is_credit=is_credit,
        payer=other if is_credit else Party(),
        payee=Party() if is_credit else other,
        text=_line(text) or _line(data.get("extra_details")),
        end_to_end_id=_given(reference) or _given(data.get("customer_reference")),
        bank_reference=_given(data.get("bank_reference")),
        return_reason=_line(returned)[:35],
    )


def _slashed(text: str) -> dict[str, str]:
    """The text behind each word between slashes, such as REMI and NAME, by that word; of a word
    that comes twice, the first text. From ING's CNTP the other side's account becomes IBAN and its
    name NAME, and the kind of text that ING puts behind REMI is dropped.
    """
    parts = SLASHED.split(text)
    words: dict[str, str] = {}
    for word, value in zip(parts[1::2], parts[2::2], strict=True):
        words.setdefault(word, value.strip("/ "))
    if "CNTP" in words:
        account, _, rest = words["CNTP"].partition("/")
        words.setdefault("IBAN", account)
        words.setdefault("NAME", rest.partition("/")[2].strip("/"))
    if "REMI" in words:
        words["REMI"] = REMITTANCE_KINDS.sub("", words["REMI"])
    return words


def _line(text: object) -> str:
    """The text on one line, with single spaces."""
    return " ".join(str(text or "").split())


def _given(reference: object) -> str:
    """The reference on one line; "" if there is none, or if the bank only says in its place that
    there is none, such as NONREF.
    """
    said = _line(reference)
    return "" if said.upper() in ("NONREF", "NOTPROVIDED", "NOREF") else said
