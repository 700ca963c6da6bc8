"""E-invoices as UBL 2.1, by Peppol BIS Billing 3 where both sides have an electronic address."""

from xml.etree.ElementTree import Element

from moneyed import Money

from billing.documents.einvoices.cii import GUIDELINE, ONE, three
from billing.documents.einvoices.content import TRANSFER, Content, Group, Line, Party
from billing.documents.einvoices.markup import Writer, amount, document, percent

PEPPOL = f"{GUIDELINE}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
OASIS = "urn:oasis:names:specification:ubl:schema:xsd"
write = Writer(
    {
        "invoice": f"{OASIS}:Invoice-2",
        "note": f"{OASIS}:CreditNote-2",
        "cac": f"{OASIS}:CommonAggregateComponents-2",
        "cbc": f"{OASIS}:CommonBasicComponents-2",
    }
)


def xml(content: Content) -> bytes:
    """The e-invoice as an XML file in the syntax of UBL. Rule 28.18."""
    root = write.root("note:CreditNote" if content.is_credit_note else "invoice:Invoice")
    _head(root, content)
    for number, issued_on in content.preceding:
        before = write.add(root, "cac:BillingReference/cac:InvoiceDocumentReference")
        write.add(before, "cbc:ID", number)
        write.add(before, "cbc:IssueDate", issued_on.isoformat())
    _party(write.add(root, "cac:AccountingSupplierParty/cac:Party"), content.seller)
    _party(write.add(root, "cac:AccountingCustomerParty/cac:Party"), content.buyer)
    delivered_on = content.delivered_on.isoformat()
    write.add(root, "cac:Delivery/cbc:ActualDeliveryDate", delivered_on)
    if content.account:
        means = write.add(root, "cac:PaymentMeans")
        write.add(means, "cbc:PaymentMeansCode", TRANSFER)
        write.add(means, "cbc:PaymentID", content.payment_reference)
        account = write.add(means, "cac:PayeeFinancialAccount")
        write.add(account, "cbc:ID", content.account.number)
        bank = "cac:FinancialInstitutionBranch/cbc:ID"
        write.optional(account, bank, content.account.bank_code)
    write.optional(root, "cac:PaymentTerms/cbc:Note", content.terms)
    total = write.add(root, "cac:TaxTotal")
    _amount(total, "cbc:TaxAmount", content.tax)
    for group in content.groups:
        _group(total, group)
    sums = write.add(root, "cac:LegalMonetaryTotal")
    _amount(sums, "cbc:LineExtensionAmount", content.net)
    _amount(sums, "cbc:TaxExclusiveAmount", content.net)
    _amount(sums, "cbc:TaxInclusiveAmount", content.total)
    _amount(sums, "cbc:PayableAmount", content.total)
    for line in content.lines:
        _line(root, line, "Credit" if content.is_credit_note else "Invoice")
    return document(root)


def _head(root: Element, content: Content) -> None:
    """Add what stands at the head of the document: its standard, number, days, kind, currency and
    the buyer's references.
    """
    is_peppol = content.seller.endpoint and content.buyer.endpoint
    write.add(root, "cbc:CustomizationID", PEPPOL if is_peppol else GUIDELINE)
    if is_peppol:
        write.add(root, "cbc:ProfileID", PROFILE)
    write.add(root, "cbc:ID", content.number)
    write.add(root, "cbc:IssueDate", content.issued_on.isoformat())
    if content.due_on:
        write.add(root, "cbc:DueDate", content.due_on.isoformat())
    kind = "cbc:CreditNoteTypeCode" if content.is_credit_note else "cbc:InvoiceTypeCode"
    write.add(root, kind, content.kind)
    write.add(root, "cbc:DocumentCurrencyCode", content.currency)
    write.add(root, "cbc:BuyerReference", content.buyer_reference)
    period = write.add(root, "cac:InvoicePeriod")
    write.add(period, "cbc:StartDate", content.days[0].isoformat())
    write.add(period, "cbc:EndDate", content.days[1].isoformat())
    write.optional(root, "cac:OrderReference/cbc:ID", content.purchase_order)


def _party(element: Element, party: Party) -> None:
    """Fill the element of a seller or buyer: electronic address, identifier, address, tax numbers,
    name and registration number.
    """
    if party.endpoint:
        scheme, where = party.endpoint
        write.add(element, "cbc:EndpointID", where, schemeID=scheme)
    write.optional(element, "cac:PartyIdentification/cbc:ID", party.identifier)
    address = write.add(element, "cac:PostalAddress")
    places = ("cbc:StreetName", "cbc:AdditionalStreetName", "cac:AddressLine/cbc:Line")
    for place, said in zip(places, three(party), strict=False):
        write.add(address, place, said)
    write.add(address, "cac:Country/cbc:IdentificationCode", party.country)
    for number, scheme in ((party.vat_number, "VAT"), (party.tax_number, "TAX")):
        if number:
            registered = write.add(element, "cac:PartyTaxScheme")
            write.add(registered, "cbc:CompanyID", number)
            write.add(registered, "cac:TaxScheme/cbc:ID", scheme)
    legal = write.add(element, "cac:PartyLegalEntity")
    write.add(legal, "cbc:RegistrationName", party.name)
    write.optional(legal, "cbc:CompanyID", party.registration_number)


def _group(total: Element, group: Group) -> None:
    """Add the tax of one category and rate to the element of the document's taxes."""
    part = write.add(total, "cac:TaxSubtotal")
    _amount(part, "cbc:TaxableAmount", group.base)
    _amount(part, "cbc:TaxAmount", group.tax)
    category = write.add(part, "cac:TaxCategory")
    write.add(category, "cbc:ID", group.category)
    if group.percent is not None:
        write.add(category, "cbc:Percent", percent(group.percent))
    write.optional(category, "cbc:TaxExemptionReasonCode", group.reason_code)
    write.optional(category, "cbc:TaxExemptionReason", group.reason)
    write.add(category, "cac:TaxScheme/cbc:ID", "VAT")


def _line(root: Element, line: Line, kind: str) -> None:
    """Add a line to the document; `kind` is "Invoice" or "Credit", by which its elements are
    named.
    """
    element = write.add(root, f"cac:{kind}Line" if kind == "Invoice" else "cac:CreditNoteLine")
    write.add(element, "cbc:ID", str(line.number))
    write.add(element, "cbc:Note", line.note)
    quantity = "cbc:InvoicedQuantity" if kind == "Invoice" else "cbc:CreditedQuantity"
    write.add(element, quantity, str(line.quantity), unitCode=ONE)
    _amount(element, "cbc:LineExtensionAmount", line.amount)
    if line.days:
        period = write.add(element, "cac:InvoicePeriod")
        write.add(period, "cbc:StartDate", line.days[0].isoformat())
        write.add(period, "cbc:EndDate", line.days[1].isoformat())
    item = write.add(element, "cac:Item")
    write.add(item, "cbc:Name", line.name)
    category = write.add(item, "cac:ClassifiedTaxCategory")
    write.add(category, "cbc:ID", line.category)
    if line.percent is not None:
        write.add(category, "cbc:Percent", percent(line.percent))
    write.add(category, "cac:TaxScheme/cbc:ID", "VAT")
    _amount(element, "cac:Price/cbc:PriceAmount", line.amount * line.quantity)


def _amount(parent: Element, path: str, money: Money) -> None:
    """Add the elements of `path` below the parent; the last has the amount and its currency."""
    write.add(parent, path, amount(money), currencyID=money.currency.code)
