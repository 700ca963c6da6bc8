"""The billing book of merchants, in the form of docs/books.md."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from billing.models import BillingAccount
from billing.models.charges import MADE_BY_HAND, RESERVED_PREFIX
from billing.queries.book_tables import TABLES
from lib import money
from merchants import books
from merchants.books import Row, RowsByMerchant, in_order, without_keys

Currencies = Mapping[int, str]
# Sources of unapplied money that the document names by invoice and attempt, not by a key.
OF_ATTEMPTS = ("attempt", "payment")


def of(merchant_ids: Sequence[int], *, local_names: bool = False) -> dict[int, Row]:
    """The billing books of those of these merchants that have an account, by the merchant's primary
    key, in a fixed number of queries.

    `local_names` adds the idempotency keys of payments, which differ from installation to
    installation.
    """
    accounts = BillingAccount.objects.filter(merchant_id__in=merchant_ids)
    currencies: Currencies = dict(accounts.values_list("merchant_id", "currency"))
    rows = {
        name: table.read(books.of_merchants(model, table.owner, list(currencies)), currencies)
        for name, (table, model) in TABLES.items()
    }
    return {
        key: _Account(rows, key, currencies[key], local_names=local_names).book()
        for key in currencies
    }


class _Account:
    """The rows of one merchant's account, and the names by which they refer to each other in the
    document.
    """

    def __init__(
        self,
        rows: Mapping[str, RowsByMerchant],
        key: int,
        currency: str,
        *,
        local_names: bool,
    ) -> None:
        """Take the merchant's rows out of each of `rows`, by its key, in the order in which the
        document lists them, and name each: cards, credits, reversals, transfers and items by
        numbers, bills and charges by their own.
        """
        self.rows = {name: by_merchant[key] for name, by_merchant in rows.items()}
        self.currency, self.local_names = currency, local_names
        self.cards = books.numbered(in_order(self.rows["cards"], "added_at"), "card")
        self.credits = books.numbered(in_order(self.rows["credits"], "asked_at"), "credit")
        reversals = in_order(self.rows["reversals"], "recorded_at")
        self.reversals = books.numbered(reversals, "reversal")
        transfers = in_order(self.rows["transfers"], "recorded_at")
        self.transfers = books.numbered(transfers, "transfer")
        items = in_order(self.rows["items"], "posting_on", "fee", "posting")
        self.items = books.numbered(items, "item")
        self.invoices = list(_with_names(in_order(self.rows["invoices"], "issued_at")))
        self.card = books.values_by_key(self.cards, "card")
        self.item = books.values_by_key(self.items, "item")
        self.invoice = books.values_by_key(self.invoices, "invoice")
        self.statement = {row["_pk"]: row["month"][:7] for row in self.rows["statements"]}
        self.payment = {row["_pk"]: row for row in self.rows["payments"]}
        self.clearances = {
            of: {row[of]: row for row in self.rows["clearances"]} for of in ("_invoice", "_note")
        }
        self._rename_own_charges()
        self.charge = books.values_by_key(self.rows["charges"], "reference")

    def _rename_own_charges(self) -> None:
        """Rename Tael's own charges whose references contain a primary key or a form's, so that the
        document is the same in every installation; and likewise the references in descriptions.
        """
        made = {row["_made"]: f"credit:{row['credit']}" for row in self.credits}
        made |= {row["_taken_back"]: f"credit-undone:{row['credit']}" for row in self.credits}
        made |= {row["_charge"]: f"payment-reversal:{row['reversal']}" for row in self.reversals}
        made |= {row["_charge"]: f"transfer-moved:{row['transfer']}" for row in self.transfers}
        keys = {row["_key"]: self._attempt(row) for row in self.rows["payments"]}
        becomes: dict[str, str] = {}
        by_hand = 0
        for charge in in_order(self.rows["charges"], "arrived_at", "reference"):
            own = charge["reference"].removeprefix(RESERVED_PREFIX)
            fee, _, key = own.partition(":")
            if charge["reference"].startswith(MADE_BY_HAND):
                by_hand += 1
                own = f"{fee}:{by_hand}"
            elif charge["_pk"] in made:
                own = made[charge["_pk"]]
            elif key in keys:
                own = f"{fee}:{keys[key]}"
            else:
                continue
            becomes[charge["reference"]] = charge["reference"] = f"{RESERVED_PREFIX}{own}"
        for charge in self.rows["charges"]:  # a credit's says which one it corrects
            charge["description"] = becomes.get(charge["description"], charge["description"])

    def _attempt(self, payment: Row) -> str:
        """The name of a payment in the document: its bill's number and its own among the bill's
        attempts, such as 2026-000001-2.
        """
        return f"{self.invoice[payment['_invoice']]}-{payment['attempt']}"

    def book(self) -> Row:
        """The account's part of a merchant's books as a document (docs/books.md), from its
        own row and its plans, prices and cards to charges, bills, transfers, unapplied
        money and reversals. Rows name each other by names of the document, without primary
        keys, and cards have the last four digits alone. Tax treatments and credit notes are
        parts of it only if there are some.
        """
        return {
            "currency": self.currency,
            "account": self._account(),
            "plan_terms": in_order(self.rows["plan_terms"], "starts_on"),
            "changes": in_order(self.rows["changes"], "at"),
            "threshold_requests": in_order(self.rows["threshold_requests"], "asked_at"),
            "prices": in_order(self.rows["prices"], "introduced_at", "fee"),
            "cards": without_keys(_masked(card) for card in self.cards),
            "statements": without_keys(self._statements()),
            "items": without_keys(
                item | {"invoice": self.invoice.get(item["_invoice"])} for item in self.items
            ),
            "fulfilment_requests": in_order(self.rows["requests"], "first_at", "reference"),
            "charges": without_keys(self._charges()),
            "credits": without_keys(self._credit(credit) for credit in self.credits),
            "invoices": without_keys(self._invoices()),
            "transfers": without_keys(self._transfer(transfer) for transfer in self.transfers),
            "unapplied": without_keys(self._unapplied()),
            "reversals": without_keys(self._reversal(reversal) for reversal in self.reversals),
            **self._tax_treatments(),
            **self._credit_notes(),
        }

    def _credit_notes(self) -> Row:
        """The part of the book with the credit notes by issue, each with the name of the bill that
        it takes back; without any the book has no such part.
        """
        notes = in_order(self.rows["credit_notes"], "issued_at")
        told = [
            note
            | {"invoice": self.invoice[note["_invoice"]]}
            | self._clearance("_note", note["_pk"])
            for note in notes
        ]
        return {"credit_notes": without_keys(told)} if told else {}

    def _clearance(self, of: str, key: int) -> Row:
        """The part of the bill's row (`of` is "_invoice") or the note's ("_note") with this key
        that says, as `clearance`, how it stands with the tax office; empty if it is not taken up
        there.
        """
        found = self.clearances[of].get(key)
        return {"clearance": without_keys([found])[0]} if found else {}

    def _tax_treatments(self) -> Row:
        """The part of the book with the merchant's tax treatments as operators decided them, oldest
        first; without any the book has no such part.
        """
        decided = in_order(self.rows["tax_treatments"], "decided_at")
        return {"tax_treatments": decided} if decided else {}

    def _account(self) -> Row:
        """The account's own row, with the name of its card."""
        (account,) = self.rows["account"]
        return without_keys([account | {"card": self.card.get(account["_card"])}])[0]

    def _statements(self) -> Iterable[Row]:
        """Yields the statements by month, each with its totals by category and by fee."""
        totals = books.grouped(in_order(self.rows["totals"], "category", "fee"), "_statement")
        for row in in_order(self.rows["statements"], "month"):
            fees = totals[row["_pk"]]
            by_category = [
                {
                    "category": category,
                    "amount": self._sum(of_fee["amount"] for of_fee in of_category),
                    "charges": sum(of_fee["charges"] for of_fee in of_category),
                }
                for category, of_category in books.grouped(fees, "category").items()
            ]
            yield {
                **row,
                "month": self.statement[row["_pk"]],
                "categories": by_category,
                "fees": without_keys(fees),
            }

    def _sum(self, amounts: Iterable[str]) -> str:
        """The sum of amounts that are text, as text."""
        return money.figure_text(sum(map(Decimal, amounts), Decimal(0)), self.currency)

    def _charges(self) -> Iterable[Row]:
        """Yields the charges by arrival, each with the names of its item and statement."""
        for charge in in_order(self.rows["charges"], "arrived_at", "reference"):
            yield charge | {
                "item": self.item[charge["_item"]],
                "statement": self.statement.get(charge["_statement"]),
            }

    def _credit(self, credit: Row) -> Row:
        """The credit, with the references of the charge that it corrects, of the one that it made,
        and of the one that took it back.
        """
        charges = {
            "charge": credit["_charge"],
            "made": credit["_made"],
            "taken_back": credit["_taken_back"],
        }
        return credit | {name: self.charge.get(key) for name, key in charges.items()}

    def _invoices(self) -> Iterable[Row]:
        """Yields the bills by issue, drafts among them, each with its lines, taxes, payments,
        decisions and what was done by hand about their collecting.
        """
        lines = books.grouped(
            in_order(
                (row | {"item": self.item[row["_item"]]} for row in self.rows["lines"]),
                "posting_on", "category", "fee", "item",
            ),
            "_invoice",
        )  # fmt: skip
        decisions = books.grouped(in_order(self.rows["decisions"], "at"), "_invoice")
        payments = books.grouped(in_order(self.rows["payments"], "attempt"), "_invoice")
        taxes = books.grouped(self.rows["taxes"], "_invoice")
        for invoice in self.invoices:
            key = invoice["_pk"]
            yield _without_tax(invoice) | {
                **self._taxes(invoice, taxes.get(key, [])),
                **self._clearance("_invoice", key),
                "lines": without_keys(
                    line if line["tax_category"] else _without_tax(line) for line in lines[key]
                ),
                "payments": without_keys(
                    self._payment(payment) | {"is_recovery": _is_recovery(payment, decisions[key])}
                    for payment in payments[key]
                ),
                "decisions": without_keys(decisions[key]),
                **self._collecting(key),
            }

    def _taxes(self, invoice: Row, taxes: Iterable[Row]) -> Row:
        """The part of the bill with its tax and the rates of that; empty for a bill without tax."""
        told = [row | {"corrects": self.invoice.get(row["_corrects"])} for row in taxes]
        return {"tax": invoice["tax"], "taxes": without_keys(told)} if told else {}

    def _collecting(self, key: int) -> Row:
        """What operators did about the collecting of the bill with this key: due days, pauses,
        waivers and payment plans, each oldest first.
        """
        rows = {
            name: books.grouped(in_order(self.rows[name], "at"), "_invoice")[key]
            for name in ("due_days", "pauses", "waivers", "payment_plans")
        }
        parts = books.grouped(in_order(self.rows["plan_parts"], "due_on"), "_plan")
        rows["waivers"] = [
            row
            | {
                "charge": self.charge[row["_charge"]],
                "attempt": self.payment[row["_payment"]]["attempt"],
            }
            for row in rows["waivers"]
        ]
        rows["payment_plans"] = [
            row | {"parts": without_keys(parts[row["_pk"]])} for row in rows["payment_plans"]
        ]
        return {name: without_keys(found) for name, found in rows.items()}

    def _payment(self, payment: Row) -> Row:
        """The payment with the name of its card; and with its key or, without `local_names`,
        without references that contain it.
        """
        said = payment | {"card": self.card.get(payment["_card"])}
        if self.local_names:
            return said | {"key": payment["_key"]}
        return said | {"reference": _foreign_reference(payment["reference"], payment)}

    def _named(self, payment: Row | None) -> Row:
        """The names of the payment's bill and its number among the attempts on that bill, as a row;
        both None without a payment.
        """
        if payment is None:
            return {"invoice": None, "attempt": None}
        return {"invoice": self.invoice[payment["_invoice"]], "attempt": payment["attempt"]}

    def _unapplied(self) -> Iterable[Row]:
        """Yields the entries of unapplied money in order, numbered, each with the bill and attempt
        that it is about, and without primary keys in its source and reference.
        """
        rows = books.numbered(in_order(self.rows["unapplied"], "at"), "entry")
        for row in rows:
            payment = self.payment.get(row["_payment"])
            source, _, named = row["source"].partition(":")
            if source in OF_ATTEMPTS:
                named = _foreign_reference(row["reference"], payment)
            elif source == "moved":
                named = row["reference"]
            elif source.startswith("transfer "):  # the second, third … of a reference
                source = "transfer"
            yield row | {"source": source, "reference": named} | self._named(payment)

    def _transfer(self, transfer: Row) -> Row:
        """The transfer, with the bill and attempt that it paid, and the reference of the charge
        that asks for it again.
        """
        payment = self.payment.get(transfer["_payment"])
        return transfer | {"charge": self.charge.get(transfer["_charge"])} | self._named(payment)

    def _reversal(self, reversal: Row) -> Row:
        """The reversal, with its bill and attempt, and the reference of the charge that it made."""
        payment = self.payment[reversal["_payment"]]
        return (
            reversal
            | {
                "money_reference": _foreign_reference(reversal["money_reference"], payment),
                "charge": self.charge.get(reversal["_charge"]),
            }
            | self._named(payment)
        )


def _is_recovery(payment: Row, decisions: Iterable[Row]) -> bool:
    """Whether the payment succeeded after one of these decisions gave its bill up."""
    return payment["status"] == "SUCCEEDED" and any(
        one["decision"] == "UNCOLLECTIBLE" and one["at"] <= payment["ended_at"] for one in decisions
    )


def _without_tax(row: Row) -> Row:
    """The row of a bill or of its line without what it says of tax."""
    return {name: value for name, value in row.items() if not name.startswith("tax")}


def _with_names(invoices: Iterable[Row]) -> Iterable[Row]:
    """Yields the bills, in the order given, each with the name by which other rows refer to it in
    place of its number: the number itself, or "draft" and a count.
    """
    drafts = 0
    for invoice in invoices:
        number = invoice.pop("number")
        drafts += number is None
        yield {"invoice": number or f"draft {drafts}", **invoice}


def _masked(card: Row) -> Row:
    """The card with dots in front of its last four digits, as pages show its number."""
    return card | {"number": f"···· {card['number']}"}


def _foreign_reference(reference: str | None, payment: Row | None) -> str | None:
    """The reference that a provider or bank gave the payment; None if it is empty or contains the
    payment's own idempotency key.

    Our key contains the installation's prefix; its invoice and attempt say the same.
    """
    if not reference or (payment and payment["_key"] in reference):
        return None
    return reference
