"""What a bill or credit note says as an e-invoice by EN 16931 (rule 28.18 to rule 28.22).

All of it is what the bill has frozen, so that the same bill always gives the same file; its due day
alone may move (rule 16.23). Nothing here depends on a language or on the clock. The terms in
comments (BT-…) are those of the standard.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from moneyed import Money
from stdnum import bic, iban

from billing.models import CreditNote, Invoice, InvoiceLine, InvoiceTax, IssuerVersion
from billing.queries import payment_references
from billing.tax import EUROPEAN_UNION, TaxCategory
from lib import money
from merchants import installation

MOST_DECIMALS = 2  # of an amount by EN 16931
INVOICE, CREDIT_NOTE = "380", "381"
TRANSFER = "30"
OUT = TaxCategory.OUTSIDE.value
E, AE = TaxCategory.EXEMPT.value, TaxCategory.REVERSE_CHARGE.value
# Why nothing is due, in words that never change, as a file is the same in ten years.
REVERSED = "Reverse charge: the recipient of the service owes the tax."
OUTSIDE = "Outside the scope of tax."
EXEMPT = "Exempt from tax."
CODES = {AE: "VATEX-EU-AE", OUT: "VATEX-EU-O"}
# By which scheme a number for VAT is an electronic address, by country.
SCHEMES = {
    "AT": "9914", "BE": "9925", "BG": "9926", "CY": "9928", "CZ": "9929", "DE": "9930",
    "EE": "9931", "ES": "9920", "FI": "0213", "FR": "9957", "GR": "9933", "HR": "9934",
    "HU": "9910", "IE": "9935", "IT": "0211", "LT": "9937", "LU": "9938", "LV": "9939",
    "MT": "9943", "NL": "9944", "PL": "9945", "PT": "9946", "RO": "9947", "SI": "9949",
    "SK": "9950",
}  # fmt: skip


@dataclass(frozen=True)
class Party:
    """A side of the document: the seller or the buyer."""

    name: str
    address: Sequence[str]
    country: str
    identifier: str = ""  # BT-29, BT-46
    vat_number: str = ""  # with the letters of its country
    tax_number: str = ""  # the seller's, where it is no number for VAT
    registration_number: str = ""
    endpoint: tuple[str, str] | None = None  # the scheme of an electronic address, and the address


@dataclass(frozen=True)
class Line:
    """A line; its quantity is 1, or −1 for what gives money back, as no price is below 0."""

    number: int
    name: str
    note: str
    amount: Money
    category: str
    percent: Decimal | None  # None: outside the scope of tax
    days: tuple[date, date] | None

    @property
    def quantity(self) -> int:
        """1, or -1 if the line's amount is below 0: a line's price is never negative."""
        return -1 if self.amount.amount < 0 else 1


@dataclass(frozen=True)
class Group:
    """The tax of one category and rate."""

    category: str
    percent: Decimal | None
    base: Money
    tax: Money
    reason: str
    reason_code: str


@dataclass(frozen=True)
class Account:
    """The bank account that the bill is transferred to."""

    number: str
    is_iban: bool
    bank_code: str  # a BIC, or empty


@dataclass(frozen=True)
class Content:
    """All that an e-invoice says, whichever syntax it is written in. The amounts of a credit note
    are those that it takes back, above 0.
    """

    number: str
    kind: str
    issued_on: date
    currency: str
    seller: Party
    buyer: Party
    buyer_reference: str
    purchase_order: str
    days: tuple[date, date]
    due_on: date | None
    terms: str
    account: Account | None
    payment_reference: str  # BT-83: what a transfer names
    preceding: Sequence[tuple[str, date]]  # numbers and days of the bills that it corrects
    lines: Sequence[Line]
    groups: Sequence[Group]
    net: Money
    tax: Money
    total: Money

    @property
    def is_credit_note(self) -> bool:
        """Whether the document is a credit note; else it is a bill."""
        return self.kind == CREDIT_NOTE

    @property
    def delivered_on(self) -> date:
        """The last day that the document is for, or the day of issue if that day is still to
        come.
        """
        return min(self.days[1], self.issued_on)


def is_one(invoice: Invoice) -> bool:
    """Whether the bill is to be an e-invoice, even if something is lacking: it has a number, an
    issuer, and a line with a tax category, be it one of which no tax is due. Rule 28.18.
    """
    return bool(
        invoice.number and invoice.issuer_id and invoice.lines.exclude(tax_category="").exists()
    )


def lacks(invoice: Invoice) -> Sequence[Promise]:
    """What the bill lacks to be an e-invoice, in sentences for its merchant: amounts of at most two
    decimals; the issuer's tax number, unless all of the bill is outside the scope of tax; confirmed
    billing details; or the merchant's tax number, which a reverse charge needs. Empty if nothing.
    Rule 28.21.
    """
    issuer, details = invoice.issuer, invoice.details
    categories = set(invoice.taxes.values_list("category", flat=True))
    found = []
    if money.minor_digits(invoice.currency) > MOST_DECIMALS:
        found.append(_("E-invoices have amounts of two decimals, and this currency has three."))
    if issuer and not issuer.tax_number and categories != {OUT}:
        found.append(_("The issuer had no tax number when the bill was issued."))
    if details is None:
        found.append(
            _(
                "Your billing details were not confirmed yet when the bill was issued:"
                " it does not say where you are."
            )
        )
    elif AE in categories and not details.tax_number:
        found.append(_("Your billing details had no tax number, which a reverse charge needs."))
    return found  # fmt: skip


def is_whole(invoice: Invoice) -> bool:
    """Whether the bill is an e-invoice that lacks nothing."""
    return is_one(invoice) and not lacks(invoice)


def of_invoice(invoice: Invoice) -> Content | None:
    """Read the bill with its lines and taxes as an e-invoice; None if it is none, or lacks
    something. It asks for a transfer, with the issuer's bank account and the structured reference,
    if the bill is due after its day of issue, and for none if it was collected as it was issued.
    """
    if not is_whole(invoice):
        return None
    rows = list(invoice.taxes.order_by("-percent", "category", "pk").select_related("corrects"))
    lines = list(invoice.lines.order_by("pk"))
    is_outside = {row.category for row in rows} == {OUT}
    assert invoice.issuer is not None
    by_transfer = invoice.due_on > invoice.issued_on  # else it is collected as it is issued
    number = installation.outside(str(invoice))
    structured = payment_references.of_invoice(invoice) if by_transfer else ""
    return Content(
        number=number,
        kind=INVOICE,
        issued_on=invoice.issued_on,
        currency=invoice.currency,
        seller=_seller(invoice.issuer, is_outside),
        buyer=_buyer(invoice, is_outside),
        buyer_reference=invoice.merchant_reference,
        purchase_order=invoice.details.purchase_order if invoice.details else "",
        days=_days(invoice, lines),
        due_on=invoice.due_on,
        terms="",
        account=_account(invoice.issuer, invoice.currency) if by_transfer else None,
        payment_reference=structured or number,
        preceding=sorted(
            {
                (installation.outside(str(row.corrects)), row.corrects.issued_on)
                for row in rows
                if row.corrects
            }
        ),
        lines=[_line(place, line, is_outside) for place, line in enumerate(lines, start=1)],
        groups=list(_groups(rows, invoice.currency, is_outside)),
        net=invoice.net,
        tax=invoice.tax,
        total=invoice.total,
    )


def of_note(note: CreditNote) -> Content | None:
    """The credit note as an e-invoice, which mirrors its bill; None if that is no e-invoice or
    lacks something. Rule 28.20.
    """
    mirrored = of_invoice(note.invoice)
    if mirrored is None:
        return None
    number = installation.outside(str(note))
    return replace(
        mirrored,
        number=number,
        kind=CREDIT_NOTE,
        issued_on=note.issued_on,
        due_on=None,
        terms=f"Nothing is to be paid: it takes back bill {mirrored.number}.",
        account=None,
        payment_reference=number,
        preceding=[(mirrored.number, mirrored.issued_on)],
    )


def _seller(version: IssuerVersion, is_outside: bool) -> Party:
    """The bill's issuer as the seller. `is_outside` says that all of the document is outside the
    scope of tax: then no VAT number of either side may be named (BR-O-02), and the issuer's stands
    as its tax number, as one that is none for VAT always does.
    """
    number = version.tax_number
    is_vat = _is_vat(version.country, number)
    return Party(
        name=version.name,
        address=version.address_lines,
        country=version.country,
        identifier=version.issuer.prefix,
        vat_number=number if is_vat and not is_outside else "",
        tax_number=number if not is_vat or is_outside else "",
        registration_number=version.registration_number,
        endpoint=_endpoint(version.country, number),
    )


def _buyer(invoice: Invoice, is_outside: bool) -> Party:
    """Whom the bill is made out to, as the buyer; its VAT number is left out if all of the document
    is outside the scope of tax (`is_outside`). A tax number that is none for VAT stands as its
    registration number.
    """
    details = invoice.details
    assert details is not None
    number = details.tax_number
    is_vat = _is_vat(details.country, number)
    return Party(
        name=details.legal_name,
        address=details.address_lines,
        country=details.country,
        identifier=invoice.merchant_reference,
        vat_number=number if is_vat and not is_outside else "",
        registration_number="" if is_vat else number,
        endpoint=_endpoint(details.country, number),
    )


def _is_vat(country: str, number: str) -> bool:
    """Whether a tax number is one for VAT: there is a number, and its country is in the European
    Union.
    """
    return bool(number) and country in EUROPEAN_UNION


def _endpoint(country: str, number: str) -> tuple[str, str] | None:
    """The electronic address of a party: the scheme for its country, and its tax number. None if
    the country has no scheme or the number is empty.
    """
    scheme = SCHEMES.get(country)
    return (scheme, number) if scheme and number else None


def _account(version: IssuerVersion, currency: str) -> Account | None:
    """The first bank account of the issuer's version in this currency, with its bank's code if that
    is a valid BIC and "" otherwise; None if it has none in this currency.
    """
    for account in version.bank_accounts:
        if account["currency"] == currency:
            number, code = account["number"], account["code"].strip()
            is_iban = iban.is_valid(number)
            return Account(
                number=iban.compact(number) if is_iban else number,
                is_iban=is_iban,
                bank_code=code if bic.is_valid(code) else "",
            )
    return None


def _days(invoice: Invoice, lines: Iterable[InvoiceLine]) -> tuple[date, date]:
    """The first and last day that the bill is for: its period, the days of its plan fee and those
    of its lines' services taken together.
    """
    every = [invoice.period_start, invoice.period_end, invoice.plan_start, invoice.plan_end]
    every += [day for line in lines for day in (line.service_from, line.service_to)]
    known = [day for day in every if day]
    return min(known), max(known)


def _line(place: int, line: InvoiceLine, is_outside: bool) -> Line:
    """The bill's line as the e-invoice has it; `place` is its number on the document, and
    `is_outside` says that all of the document is outside the scope of tax.
    """
    category = _category(line.tax_category, is_outside)
    service = (line.service_from, line.service_to)
    return Line(
        number=place,
        name=line.fee_name,
        note=f"Posted on {line.posting_on.isoformat()}. Charges: {line.charge_count}.",
        amount=line.amount,
        category=category,
        percent=None if category == OUT else line.tax_percent,
        days=(service[0], service[1]) if service[0] and service[1] else None,
    )


def _category(category: str, is_outside: bool) -> str:
    """The tax category as the e-invoice has it. EN 16931 knows no document of which only a part is
    outside the scope of tax: unless all is (`is_outside`), such lines are exempt. Rule 28.19.
    """
    return category if is_outside or category != OUT else E


def _groups(rows: Sequence[InvoiceTax], currency: str, is_outside: bool) -> Iterator[Group]:
    """Yields the sums of the bill's tax rows by category and rate, with the reasons why no tax is
    due. Rows outside the scope of tax count as exempt, unless all are outside it, which the caller
    says by `is_outside`. Rows that correct the tax of other bills count, too.
    """
    found: dict[tuple[str, Decimal], list[InvoiceTax]] = {}
    for row in rows:
        found.setdefault((_category(row.category, is_outside), row.percent), []).append(row)
    for (category, percent), of_rate in found.items():
        yield Group(
            category=category,
            percent=None if category == OUT else percent,
            base=money.total((row.base for row in of_rate), currency),
            tax=money.total((row.tax for row in of_rate), currency),
            reason=" ".join(dict.fromkeys(filter(None, map(_reason, of_rate)))),
            reason_code=CODES.get(category, ""),
        )


def _reason(row: InvoiceTax) -> str:
    """The sentence that says why no tax is due on this row; "" where it is due, or where the
    standard wants no reason (BR-Z-10).
    """
    if row.category == E:
        return row.sentence or EXEMPT
    return {AE: REVERSED, OUT: OUTSIDE}.get(row.category, "")
