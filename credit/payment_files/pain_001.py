"""Writes a customer credit transfer initiation, pain.001, in the versions that banks take: the one
of 2009 and the one of 2019.

The same orders are the same bytes, whenever they are written: a file is not kept, but written
again (rule 29.21). So whatever changes what stands in it takes another version of ours beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from credit import bank_accounts
from credit.payment_files import routes
from credit.payment_files.accounts import Account
from credit.payment_files.routes import Transfer
from lib import money

V03, V09 = "pain.001.001.03", "pain.001.001.09"
VERSIONS = (V03, V09)
# How addresses stand in a file: by their country alone; or by town and country, and not at all
# where the town is not known, as banks take since November 2026.
COUNTRIES, TOWNS = 1, 2
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:{}"


@dataclass(frozen=True)
class Part:
    """The orders of one currency and one day, paid from one account of ours."""

    account: Account
    on: date
    transfers: Sequence[Transfer]


def write(
    version: str, name: str, made_at: datetime, parts: Sequence[Part], *, edition: int = TOWNS
) -> str:
    """The text of the file with this name, to be stored as UTF-8, in the version V03 or V09; there
    is at least one part, and the first one's holder is named as who initiates all payments.
    Addresses are those of the `edition` (COUNTRIES or TOWNS). Raises Lacking if a transfer cannot
    be said (routes.route).
    """
    root = Element("Document", {"xmlns": NAMESPACE.format(version)})
    message = SubElement(root, "CstmrCdtTrfInitn")
    header = SubElement(message, "GrpHdr")
    _add(header, "MsgId", name)
    _add(header, "CreDtTm", f"{made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z")
    everything = [transfer for part in parts for transfer in part.transfers]
    _add_sums(header, everything)
    _add(header, "InitgPty/Nm", parts[0].account.name)
    for part in parts:
        _add_part(message, version, name, part, edition)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def part_name(name: str, currency: str) -> str:
    """What the part of a file in this currency is called (PmtInfId), such as B261104-3F9C2A-EUR."""
    return f"{name}-{currency}"


def _add_part(message: Element, version: str, name: str, part: Part, edition: int) -> None:
    """Add the part that pays from one account of ours, with all its transfers, to the file called
    `name`. Addresses are those of the `edition` (COUNTRIES or TOWNS). Raises Lacking.
    """
    ours = part.account
    group = SubElement(message, "PmtInf")
    _add(group, "PmtInfId", part_name(name, ours.currency))
    _add(group, "PmtMtd", "TRF")
    _add_sums(group, part.transfers)
    _add(group, "ReqdExctnDt" if version == V03 else "ReqdExctnDt/Dt", part.on.isoformat())
    debtor = SubElement(group, "Dbtr")
    _add(debtor, "Nm", ours.name)
    _add_address(debtor, ours.town, ours.country, edition)
    account = SubElement(group, "DbtrAcct")
    _add_number(account, ours.country, ours.number)
    _add_type(account, bank_accounts.rules_of(ours.country).types.get(ours.account_type, ""))
    _add(account, "Ccy", ours.currency)
    rules = bank_accounts.rules_of(ours.country)
    bank = _add_bank(group, "DbtrAgt", version, ours.bic, rules.clearing, ours.routing)
    if not len(bank[0]):  # an agent is wanted even where the IBAN says it all
        _add(bank[0], "Othr/Id", "NOTPROVIDED")
    for transfer in part.transfers:
        _add_transfer(group, version, ours, transfer, edition)


def _add_transfer(
    group: Element, version: str, ours: Account, transfer: Transfer, edition: int
) -> None:
    """Add the order of one transfer to its part, with the address of the `edition` (COUNTRIES or
    TOWNS). Raises Lacking if it cannot be said (routes.route).
    """
    way = routes.route(ours, transfer)
    order = SubElement(group, "CdtTrfTxInf")
    _add(order, "PmtId/InstrId", transfer.reference)
    _add(order[0], "EndToEndId", transfer.reference)
    if way.is_sepa:
        _add(order, "PmtTpInf/SvcLvl/Cd", "SEPA")
    amount = _add(order, "Amt/InstdAmt", money.text(transfer.amount))
    amount.set("Ccy", transfer.amount.currency.code)
    _add(order, "ChrgBr", "SLEV" if way.is_sepa else "SHAR")
    if transfer.bic or way.member:
        bank = _add_bank(order, "CdtrAgt", version, transfer.bic, way.clearing, way.member)
        if way.branch:
            _add(bank, "BrnchId/Id", way.branch)
    creditor = SubElement(order, "Cdtr")
    _add(creditor, "Nm", way.holder)
    _add_address(creditor, way.town, transfer.country, edition)
    account = SubElement(order, "CdtrAcct")
    _add_number(account, transfer.country, transfer.number)
    _add_type(account, way.account_type)
    _add(order, "RmtInf/Ustrd", transfer.reference)


def _add_sums(parent: Element, transfers: Sequence[Transfer]) -> None:
    """Add to the element how many transfers there are (NbOfTxs), and the sum of their figures
    (CtrlSum), whatever their currencies.
    """
    _add(parent, "NbOfTxs", str(len(transfers)))
    total = sum((Decimal(money.text(one.amount)) for one in transfers), Decimal(0))
    _add(parent, "CtrlSum", f"{total:f}")


def _add_address(party: Element, town: str, country: str, edition: int) -> None:
    """Add the address of a holder to the element of the party, as the `edition` of our
    files has it. With COUNTRIES it is the country alone. With TOWNS it is the town and the
    country, and no address at all, not even the country, if the town is "".
    """
    if edition == COUNTRIES:
        _add(party, "PstlAdr/Ctry", country)
    elif town:
        address = SubElement(party, "PstlAdr")
        _add(address, "TwnNm", town)
        _add(address, "Ctry", country)


def _add_number(account: Element, country: str, number: str) -> None:
    """Add the number of an account: as an IBAN where the country has them, and else as it is."""
    has_iban = country in bank_accounts.IBAN_LENGTHS
    _add(account, "Id/IBAN" if has_iban else "Id/Othr/Id", number)


def _add_type(account: Element, code: str) -> None:
    """Add `code`, which is ISO 20022's for the type of an account, to the account's element;
    nothing if it is empty.
    """
    if code:
        _add(account, "Tp/Cd", code)


def _add_bank(
    parent: Element, name: str, version: str, bic: str, clearing: str, member: str
) -> Element:
    """Add an element called `name` for a bank to `parent`, and return it. Its first
    child, FinInstnId, has the BIC, under the tag that the `version` of the format wants,
    and the bank's code `member`, with the clearing system `clearing` that the code is
    from. What is "" is left out, and the clearing system is left out without a code. With
    neither BIC nor code FinInstnId is empty, and the caller has to fill it where the
    format wants a bank.
    """
    bank = SubElement(parent, name)
    said = SubElement(bank, "FinInstnId")
    if bic:
        _add(said, "BIC" if version == V03 else "BICFI", bic)
    if member:
        system = SubElement(said, "ClrSysMmbId")
        if clearing:
            _add(system, "ClrSysId/Cd", clearing)
        _add(system, "MmbId", member)
    return bank


def _add(parent: Element, path: str, text: str) -> Element:
    """Add the elements that the path names, one in the other, and return the last, which has the
    text.
    """
    for name in path.split("/"):
        parent = SubElement(parent, name)
    parent.text = text
    return parent
