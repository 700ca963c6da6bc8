"""Reads camt.053 and camt.054 (ISO 20022) of any version: statements and notices of accounts.

Versions differ in where a few things stand, and are read by what is there rather than by their
number, as banks mix them.
"""

from collections.abc import Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element

from lib.bank_files import xml_tree
from lib.bank_files.said import (
    Balance,
    Entry,
    Party,
    Statement,
    Transaction,
    UnreadableFile,
    compact,
)
from lib.bank_files.xml_tree import text, texts

# The messages, with the element that has one account's part of it.
PARTS = {
    "camt.053": ("BkToCstmrStmt", "Stmt"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
OPENING, CLOSING, WITHIN = ("OPBD", "PRCD"), ("CLBD",), "ITBD"


def read(content: bytes) -> list[Statement]:
    """All statements (camt.053) or notices (camt.054) of the file, in its order. Raises
    UnreadableFile for any other message, such as a report within a day (camt.052), for a
    file that has no statement or notice in it, and for one that cannot be read.
    """
    message, root = xml_tree.parse(content)
    kind = message[:8]
    if kind == "camt.052":
        raise UnreadableFile("the file is a report within a day (camt.052), which may still change")
    if kind not in PARTS:
        raise UnreadableFile(f"the file is a {message}, and no statement of an account")
    outer, inner = PARTS[kind]
    found = [_statement(kind, part) for part in root.findall(f"{outer}/{inner}")]
    if not found:
        raise UnreadableFile(f"the file is a {message} without any statement")
    return found


def _statement(kind: str, part: Element) -> Statement:
    """One statement or notice, as `kind` calls it, from its element. Raises UnreadableFile unless
    it has a name, an account, and amounts in one currency.
    """
    name = text(part, "Id")
    if not name:
        raise UnreadableFile("a statement has no identification")
    where = f"statement {name}"
    account = compact(text(part, "Acct/Id/IBAN", "Acct/Id/Othr/Id"))
    if not account:
        raise UnreadableFile(f"{where}: it names no account")
    opening, closing, currency = _balances(part, where)
    entries = tuple(
        _entry(number, one, where) for number, one in enumerate(part.findall("Ntry"), start=1)
    )
    currencies = {said for _, said in entries} | ({currency} if currency else set())
    currencies = currencies or {text(part, "Acct/Ccy")}
    if len(currencies) != 1 or not all(currencies):
        raise UnreadableFile(
            f"{where}: it has amounts in {', '.join(sorted(currencies)) or 'no currency'}"
        )
    return Statement(
        kind=kind,
        id=name,
        account=account,
        currency=currencies.pop(),
        opening=opening,
        closing=closing,
        entries=tuple(entry for entry, _ in entries),
        number=text(part, "LglSeqNb", "ElctrncSeqNb"),
    )


def _balances(part: Element, where: str) -> tuple[Balance | None, Balance | None, str]:
    """The opening and the closing balance, each None if it is not there, and the currency of the
    last balance, "" without any. A statement in several parts has balances between them, of which
    the first opens and the last closes a part. An overdraft is below 0. Raises UnreadableFile for a
    balance without an amount, a direction or a day. An error names the place `where`.
    """
    found: dict[str, Balance] = {}
    between: list[Balance] = []
    currency = ""
    for one in part.findall("Bal"):
        code = text(one, "Tp/CdOrPrtry/Cd")
        if code not in (*OPENING, *CLOSING, WITHIN):
            continue
        said = xml_tree.amount(one, "Amt", f"{where}, balance {code}")
        on = xml_tree.day(one, "Dt", f"{where}, balance {code}")
        if said is None or on is None:
            raise UnreadableFile(f"{where}: its balance {code} has no amount or day")
        amount, currency = said
        balance = Balance(amount if _is_credit(one, where) else -amount, on)
        if code == WITHIN:
            between.append(balance)
        found.setdefault(code, balance)
    opening = next((found[code] for code in OPENING if code in found), None)
    closing = found.get(CLOSING[0])
    if opening is None and between:
        opening = between[0]
    if closing is None and between:
        closing = between[-1]
    return opening, closing, currency


def _is_credit(element: Element, where: str) -> bool:
    """Whether the element's amount was credited; if not, it was debited. Raises UnreadableFile,
    which says `where`, if neither is said.
    """
    said = text(element, "CdtDbtInd")
    if said not in ("CRDT", "DBIT"):
        raise UnreadableFile(f"{where}: “{said[:10]}” is neither credit nor debit (CRDT, DBIT)")
    return said == "CRDT"


def _entry(number: int, one: Element, where: str) -> tuple[Entry, str]:
    """The entry that the element `one` describes, the statement's entry of this number, and its
    currency. Where it has only one of the booking day and the value day, that counts for both.
    Raises UnreadableFile, which says `where`, for one without an amount or any day.
    """
    where = f"{where}, entry {number}"
    said = xml_tree.amount(one, "Amt", where)
    if said is None:
        raise UnreadableFile(f"{where}: it has no amount")
    amount, currency = said
    booked_on = xml_tree.day(one, "BookgDt", where)
    value_on = xml_tree.day(one, "ValDt", where) or booked_on
    if value_on is None:
        raise UnreadableFile(f"{where}: it has no day")
    is_credit = _is_credit(one, where)
    entry_text = text(one, "AddtlNtryInf")
    return Entry(
        number=number,
        amount=amount,
        is_credit=is_credit,
        is_reversal=text(one, "RvslInd").lower() in ("true", "1"),
        is_booked=text(one, "Sts/Cd", "Sts") == "BOOK",
        booked_on=booked_on or value_on,
        value_on=value_on,
        transactions=_transactions(one, amount, currency, is_credit, where),
        bank_reference=text(one, "AcctSvcrRef", "NtryRef"),
        code=_code(one),
        text=entry_text,
    ), currency


def _code(element: Element) -> str:
    """The code of the kind of movement: ISO's, as domain-family-subfamily, or else the bank's own;
    "" if neither is there.
    """
    domain = "BkTxCd/Domn"
    codes = [
        text(element, f"{domain}/Cd"),
        text(element, f"{domain}/Fmly/Cd"),
        text(element, f"{domain}/Fmly/SubFmlyCd"),
    ]
    return "-".join(code for code in codes if code) or text(element, "BkTxCd/Prtry/Cd")


def _transactions(
    entry: Element, amount: Decimal, currency: str, is_credit: bool, where: str
) -> tuple[Transaction, ...]:
    """The payments of an entry, at least one; a single one has the entry's amount and direction,
    whatever it says itself. Where there are none, or their amounts are not there or do not make up
    the entry's, it is one payment: without parties and references, but with the texts of all of
    them, one after the other, and the names of the batch and of the order that it was in. Raises
    UnreadableFile.
    """
    details = entry.findall("NtryDtls/TxDtls")
    if len(details) == 1:
        return (_transaction(details[0], amount, currency, is_credit, where),)
    found = list(_of_batch(details, currency, is_credit, where))
    total = sum((one.signed for one in found), Decimal(0))
    if found and len(found) == len(details) and total == (amount if is_credit else -amount):
        return tuple(found)
    written = " ".join(said for one in details for said in texts(one, "RmtInf/Ustrd"))
    batch = entry.find("NtryDtls/Btch")
    return (
        Transaction(
            amount,
            is_credit,
            text=written,
            batch_id=text(batch, "PmtInfId"),
            message_id=text(batch, "MsgId"),
        ),
    )


def _of_batch(
    details: list[Element], currency: str, is_credit: bool, where: str
) -> Iterator[Transaction]:
    """Yields the payments of a batch that say their amounts in the account's currency; others are
    passed over. `is_credit` is the direction of the batch, for payments that say none. Raises
    UnreadableFile, which names the place `where`.
    """
    for place, one in enumerate(details, start=1):
        named = f"{where}, payment {place}"
        said = xml_tree.amount(one, "Amt", named)
        if said is None or said[1] != currency:
            said = xml_tree.amount(one, "AmtDtls/TxAmt/Amt", named)
        if said is not None and said[1] == currency:
            credited = _is_credit(one, named) if text(one, "CdtDbtInd") else is_credit
            yield _transaction(one, said[0], currency, credited, named)


def _transaction(
    one: Element, amount: Decimal, currency: str, is_credit: bool, where: str
) -> Transaction:
    """The payment that one element TxDtls describes, with the amount and the direction that the
    caller found for it: who pays whom, references, text, and why it was returned. Raises
    UnreadableFile, which names the place `where`.
    """
    instructed = xml_tree.amount(one, "AmtDtls/InstdAmt/Amt", where)
    return Transaction(
        amount=amount,
        is_credit=is_credit,
        payer=_party(one, "Dbtr"),
        payee=_party(one, "Cdtr"),
        creditor_references=tuple(texts(one, "RmtInf/Strd/CdtrRefInf/Ref")),
        text=" ".join(
            [*texts(one, "RmtInf/Ustrd"), *texts(one, "RmtInf/Strd/AddtlRmtInf")]
        ),
        end_to_end_id=_given(text(one, "Refs/EndToEndId")),
        instruction_id=_given(text(one, "Refs/InstrId")),
        batch_id=text(one, "Refs/PmtInfId"),
        message_id=text(one, "Refs/MsgId"),
        transaction_id=text(one, "Refs/TxId", "Refs/UETR"),
        bank_reference=text(one, "Refs/AcctSvcrRef"),
        return_reason=text(one, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"),
        return_text=" ".join(texts(one, "RtrInf/AddtlInf")),
        instructed=(
            f"{instructed[0]} {instructed[1]}"
            if instructed and instructed != (amount, currency)
            else ""
        ),
    )  # fmt: skip


def _given(reference: str) -> str:
    """The reference; "" if it only says that the payer gave none, such as NOTPROVIDED."""
    return "" if reference.upper() in ("NOTPROVIDED", "NOT PROVIDED", "NONREF") else reference


def _party(one: Element, role: str) -> Party:
    """Who has this role in a payment, "Dbtr" or "Cdtr"; what the bank does not say is ""."""
    related = one.find("RltdPties")
    return Party(
        name=text(related, f"{role}/Nm", f"{role}/Pty/Nm"),
        account=compact(text(related, f"{role}Acct/Id/IBAN", f"{role}Acct/Id/Othr/Id")),
    )
