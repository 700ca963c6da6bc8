"""Reads the tax of bills, of what takes them back, and of closed accounts' rests, by the days of
the journal (rule 29.9).
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from billing.models import Fee
from billing.queries import journal
from billing.queries.journal import Asked
from lib.journal import source_of


class Document(NamedTuple):
    """The base and tax of one rate on a bill, on what takes one back, or in a closed account's
    rest. What takes back has both below 0.
    """

    country: str
    category: str
    percent: Decimal
    currency: str
    dated_on: date
    source: str
    row_id: int
    document: str
    merchant: str
    base: Decimal
    tax: Decimal


class Rate(NamedTuple):
    """What all documents of a rate come to."""

    country: str
    category: str
    percent: Decimal
    currency: str
    base: Decimal
    tax: Decimal
    documents: int


# Which rows of taxes a movement has, and whether it takes them back.
_TAXES = """
SELECT tax.*, 1 AS sign FROM billing_invoicetax tax
WHERE moved.source = 'bill' AND tax.invoice_id = moved.row_id
UNION ALL
SELECT tax.*, -1 FROM billing_invoicedecision decision
JOIN billing_invoicetax tax ON tax.invoice_id = decision.invoice_id
WHERE moved.source = 'bill-void' AND decision.id = moved.row_id
UNION ALL
SELECT tax.*, 1 FROM billing_charge charge JOIN billing_invoicetax tax ON tax.rest_id = charge.id
WHERE moved.source = 'posted' AND charge.item_id = moved.row_id
"""
_COUNTRY = """coalesce((
    SELECT version.country FROM billing_invoice invoice
    JOIN billing_issuerversion version ON version.id = invoice.issuer_id
    WHERE invoice.id = tax.invoice_id
), nullif(tax.country, ''), (
    SELECT version.country FROM billing_invoice invoice
    JOIN billing_issuerversion version ON version.id = invoice.issuer_id
    WHERE invoice.id = tax.corrects_id
), (
    SELECT split_part(posting.account, '.', 2) FROM postings posting
    WHERE posting.source = moved.source AND posting.row_id = moved.row_id
      AND starts_with(posting.account, 'tax.') LIMIT 1
), '')"""


def _documents_sql(asked: Asked) -> tuple[str, dict[str, Any]]:
    """SQL for the taxes on documents of the days, merchant and currency asked for, and its
    parameters. A document has one row for each of its rates, with what it corrects by them on other
    bills.
    """
    rests = replace(
        source_of("posted"),
        only=f"written.posted_at IS NOT NULL AND written.fee_id = '{Fee.REST_TAX}'",
    )
    sql, params = journal.where(asked, [source_of("bill"), source_of("bill-void"), rests])
    return (
        f"""
        WITH {journal.offsets()}, postings AS MATERIALIZED ({sql})
        SELECT {_COUNTRY} AS country, tax.category, trim_scale(tax.percent) AS percent,
               moved.currency, moved.dated_on, moved.source, moved.row_id, moved.document,
               merchant.reference AS merchant, sum(tax.sign * tax.base) AS base,
               sum(tax.sign * tax.tax) AS tax
        FROM postings moved CROSS JOIN LATERAL ({_TAXES}) tax
        JOIN merchants_merchant merchant ON merchant.id = moved.merchant_id
        WHERE moved.place = 1 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    """,
        params,
    )


def documents(asked: Asked, rate: tuple[str, str, Decimal]) -> list[Document]:
    """What documents have of a tax rate (the issuer's country, category, per cent) in the days,
    currency and merchant asked for, by day. What takes a bill back is a document, too, with sums
    below 0, and so is the tax of what a closed account's merchant has left. A bill that corrects
    others by this rate is listed once, with all of it.
    """
    sql, params = _documents_sql(asked)
    country, category, percent = rate
    params |= {"country": country, "category": category, "percent": percent}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT * FROM ({sql}) document WHERE country = %(country)s
                AND category = %(category)s AND percent = %(percent)s
                ORDER BY dated_on, document, source, row_id""",
            params,
        )
        return [Document._make(row) for row in cursor.fetchall()]


def rates(asked: Asked) -> list[Rate]:
    """For each tax rate, by the issuer's country, category, per cent and currency: the sum of the
    bases and of the taxes, and how many documents have it (`documents`), in the days, currency and
    merchant asked for; in the order of these four. Documents are as `documents` has them: what
    takes a bill back is one, too, with sums below 0.
    """
    sql, params = _documents_sql(asked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT country, category, percent, currency, sum(base), sum(tax), count(*)
                FROM ({sql}) document GROUP BY country, category, percent, currency
                ORDER BY country, category, percent, currency""",
            params,
        )
        return [Rate._make(row) for row in cursor.fetchall()]
