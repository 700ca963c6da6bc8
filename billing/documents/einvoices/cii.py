"""E-invoices as Cross Industry Invoice (UN/CEFACT), which Factur-X and ZUGFeRD have in a PDF."""

from datetime import date
from xml.etree.ElementTree import Element

from billing.documents.einvoices.content import TRANSFER, Content, Group, Line, Party
from billing.documents.einvoices.markup import Writer, amount, day, document, percent

GUIDELINE = "urn:cen.eu:en16931:2017"
ONE = "C62"  # the unit of a quantity without one
STANDARD = "urn:un:unece:uncefact:data:standard"
write = Writer(
    {
        "rsm": f"{STANDARD}:CrossIndustryInvoice:100",
        "ram": f"{STANDARD}:ReusableAggregateBusinessInformationEntity:100",
        "qdt": f"{STANDARD}:QualifiedDataType:100",
        "udt": f"{STANDARD}:UnqualifiedDataType:100",
    }
)


def xml(content: Content) -> bytes:
    """The e-invoice as an XML file in the syntax of Cross Industry Invoice. Rule 28.18."""
    root = write.root("rsm:CrossIndustryInvoice")
    context = write.add(root, "rsm:ExchangedDocumentContext")
    write.add(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", GUIDELINE)
    head = write.add(root, "rsm:ExchangedDocument")
    write.add(head, "ram:ID", content.number)
    write.add(head, "ram:TypeCode", content.kind)
    write.add(head, "ram:IssueDateTime/udt:DateTimeString", day(content.issued_on), format="102")
    deal = write.add(root, "rsm:SupplyChainTradeTransaction")
    for line in content.lines:
        _line(deal, line)
    _agreement(deal, content)
    delivered = write.add(deal, "ram:ApplicableHeaderTradeDelivery")
    on = "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime/udt:DateTimeString"
    write.add(delivered, on, day(content.delivered_on), format="102")
    _settlement(deal, content)
    return document(root)


def _line(deal: Element, line: Line) -> None:
    """Add a line of the e-invoice to `deal`, the element of the whole trade."""
    item = write.add(deal, "ram:IncludedSupplyChainTradeLineItem")
    about = write.add(item, "ram:AssociatedDocumentLineDocument")
    write.add(about, "ram:LineID", str(line.number))
    write.add(about, "ram:IncludedNote/ram:Content", line.note)
    write.add(item, "ram:SpecifiedTradeProduct/ram:Name", line.name)
    price = "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount"
    write.add(item, price, amount(line.amount * line.quantity))
    write.add(
        item,
        "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity",
        str(line.quantity),
        unitCode=ONE,
    )
    settled = write.add(item, "ram:SpecifiedLineTradeSettlement")
    tax = write.add(settled, "ram:ApplicableTradeTax")
    write.add(tax, "ram:TypeCode", "VAT")
    write.add(tax, "ram:CategoryCode", line.category)
    if line.percent is not None:
        write.add(tax, "ram:RateApplicablePercent", percent(line.percent))
    if line.days:
        _period(settled, *line.days)
    total = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    write.add(settled, total, amount(line.amount))


def _agreement(deal: Element, content: Content) -> None:
    """Add to `deal`, the element of the whole trade, who sells to whom, and the buyer's
    references.
    """
    agreed = write.add(deal, "ram:ApplicableHeaderTradeAgreement")
    write.add(agreed, "ram:BuyerReference", content.buyer_reference)
    _party(write.add(agreed, "ram:SellerTradeParty"), content.seller)
    _party(write.add(agreed, "ram:BuyerTradeParty"), content.buyer)
    order = "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"
    write.optional(agreed, order, content.purchase_order)


def _party(element: Element, party: Party) -> None:
    """Fill the element of a seller or buyer: identifier, name, registration number, address,
    electronic address and tax numbers.
    """
    write.optional(element, "ram:ID", party.identifier)
    write.add(element, "ram:Name", party.name)
    write.optional(element, "ram:SpecifiedLegalOrganization/ram:ID", party.registration_number)
    address = write.add(element, "ram:PostalTradeAddress")
    places = ("ram:LineOne", "ram:LineTwo", "ram:LineThree")
    for place, said in zip(places, three(party), strict=False):
        write.add(address, place, said)
    write.add(address, "ram:CountryID", party.country)
    if party.endpoint:
        scheme, where = party.endpoint
        write.add(element, "ram:URIUniversalCommunication/ram:URIID", where, schemeID=scheme)
    number = "ram:SpecifiedTaxRegistration/ram:ID"
    write.optional(element, number, party.vat_number, schemeID="VA")
    write.optional(element, number, party.tax_number, schemeID="FC")


def three(party: Party) -> list[str]:
    """The lines of the party's address that are not empty, three at most: what is more stands in
    the third, separated by commas.
    """
    lines = [line for line in party.address if line.strip()]
    return [*lines[:2], ", ".join(lines[2:])] if len(lines) > 2 else lines


def _settlement(deal: Element, content: Content) -> None:
    """Add to `deal`, the element of the whole trade, how it is paid: currency, bank account, taxes,
    days, due day, sums, and the documents that came before.
    """
    settled = write.add(deal, "ram:ApplicableHeaderTradeSettlement")
    write.add(settled, "ram:PaymentReference", content.payment_reference)
    write.add(settled, "ram:InvoiceCurrencyCode", content.currency)
    if content.account:
        means = write.add(settled, "ram:SpecifiedTradeSettlementPaymentMeans")
        write.add(means, "ram:TypeCode", TRANSFER)
        number = "ram:IBANID" if content.account.is_iban else "ram:ProprietaryID"
        account = f"ram:PayeePartyCreditorFinancialAccount/{number}"
        write.add(means, account, content.account.number)
        bank = "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID"
        write.optional(means, bank, content.account.bank_code)
    for group in content.groups:
        _group(settled, group)
    _period(settled, *content.days)
    terms = write.add(settled, "ram:SpecifiedTradePaymentTerms")
    write.optional(terms, "ram:Description", content.terms)
    if content.due_on:
        due = "ram:DueDateDateTime/udt:DateTimeString"
        write.add(terms, due, day(content.due_on), format="102")
    sums = write.add(settled, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    write.add(sums, "ram:LineTotalAmount", amount(content.net))
    write.add(sums, "ram:TaxBasisTotalAmount", amount(content.net))
    write.add(sums, "ram:TaxTotalAmount", amount(content.tax), currencyID=content.currency)
    write.add(sums, "ram:GrandTotalAmount", amount(content.total))
    write.add(sums, "ram:DuePayableAmount", amount(content.total))
    for number, issued_on in content.preceding:
        before = write.add(settled, "ram:InvoiceReferencedDocument")
        write.add(before, "ram:IssuerAssignedID", number)
        dated = "ram:FormattedIssueDateTime/qdt:DateTimeString"
        write.add(before, dated, day(issued_on), format="102")


def _group(settled: Element, group: Group) -> None:
    """Add the tax of one category and rate to the element of the settlement."""
    tax = write.add(settled, "ram:ApplicableTradeTax")
    write.add(tax, "ram:CalculatedAmount", amount(group.tax))
    write.add(tax, "ram:TypeCode", "VAT")
    write.optional(tax, "ram:ExemptionReason", group.reason)
    write.add(tax, "ram:BasisAmount", amount(group.base))
    write.add(tax, "ram:CategoryCode", group.category)
    write.optional(tax, "ram:ExemptionReasonCode", group.reason_code)
    if group.percent is not None:
        write.add(tax, "ram:RateApplicablePercent", percent(group.percent))


def _period(parent: Element, first: date, last: date) -> None:
    """Add the first and the last day to `parent` as its billing period."""
    period = write.add(parent, "ram:BillingSpecifiedPeriod")
    for name, on in (("ram:StartDateTime", first), ("ram:EndDateTime", last)):
        write.add(period, f"{name}/udt:DateTimeString", day(on), format="102")
