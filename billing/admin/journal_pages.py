"""The operators' pages of the journal: entries, trial balance, tax by rate, and its files.

Whoever may see locked months may see them (billing.admin.journal), where the journal is on.
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib.admin import site
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse

from backoffice import exports
from backoffice.columns import name_of
from billing.admin.journal_forms import Question
from billing.documents import journal_files
from billing.queries import journal, vat
from billing.queries.chart import Chart, Charts, in_force
from billing.queries.journal import Entry
from billing.tax import TaxCategory
from lib import csv_files, formats, money, statement_timeout
from lib.audit import snapshot
from lib.journal import source_of
from lib.texts import has_control

ROWS = 100  # entries on a page
PREFIX = "admin:billing_journallock_"

Context = dict[str, Any]


def entries(request: HttpRequest) -> HttpResponse:
    """The page with the journal's entries that the form asks for, ROWS of them at a time: each with
    its day, merchant, document and postings. Without a valid form, the form alone.
    """
    question = Question(request.GET)
    context: Context = {"title": "Journal", "form": question, "here": "entries"}
    if question.is_valid():
        page = _page_number(request)
        charts = Charts()
        with snapshot():
            found = list(journal.entries(question.asked, offset=(page - 1) * ROWS, limit=ROWS + 1))
        context |= {
            "entries": [_entry(one, charts) for one in found[:ROWS]],
            "page": page,
            "has_next": len(found) > ROWS,
            "query": urlencode(question.query),
            "kinds": journal_files.FORMATS,
        }
    return _page(request, "journal.html", context)


def _page_number(request: HttpRequest) -> int:
    """The number of the page asked for; 1 for what is none."""
    asked = request.GET.get("page", "")
    return max(int(asked), 1) if asked.isascii() and asked.isdigit() and len(asked) < 9 else 1


def _entry(entry: Entry, charts: Charts) -> Context:
    """What the page shows of an entry of the journal: its day, merchant, document, the address of
    the row it is of, and its postings with code and name by the chart in force on that day.
    """
    chart = charts.on(entry.dated_on)
    return {
        "day": entry.dated_on,
        "merchant": entry.merchant,
        "name": entry.name,
        "document": entry.document,
        "address": _row_page(entry.source, entry.row_id),
        "lines": [
            (chart[one.account], *_sides(one.amount, one.currency)) for one in entry.postings
        ],
    }


def _row_page(source: str, row_id: int) -> str:
    """The address of the admin page of the row with primary key `row_id` of a source of the
    journal, named by its code.
    """
    model = apps.get_model(source_of(source).model)
    return reverse(name_of(model, "change"), args=[row_id])


def _sides(amount: Decimal, currency: str) -> tuple[str, str]:
    """(HTML for the amount as a debit, HTML for it as a credit), without its sign; one of the two
    is empty. An amount above 0 is a debit, and one of 0 or below a credit.
    """
    text = _text(abs(amount), currency)
    return (text, "") if amount > 0 else ("", text)


def _text(amount: Decimal, currency: str) -> str:
    """HTML for the amount with its currency's digits and code."""
    return formats.money(formats.as_money(amount, currency))


def balances(request: HttpRequest) -> HttpResponse:
    """The page with the trial balance that the form asks for, by days, currency, merchant and
    account: each account's sums by currency, with a link to its entries, and the totals. Without a
    valid form, the form alone.
    """
    question = Question(request.GET)
    context: Context = {"title": "Trial balance", "form": question, "here": "balances"}
    if question.is_valid():
        chart = in_force()
        sums = journal.trial_balance(question.asked)
        rows = sorted(sums, key=lambda one: (one.currency, chart[one.account].code, one.account))
        context |= {
            "rows": [_balance(one, chart, question) for one in rows],
            "totals": _totals(sums),
            "query": urlencode(question.query),
        }
    return _page(request, "journal_balances.html", context)


def _balance(one: journal.Sum, chart: Chart, question: Question) -> Context:
    """What the page shows of an account's sums: its code and name, the address of its entries, and
    the amounts before, debited, credited and after.
    """
    opens = question.query | {"account": one.account, "currency": one.currency}
    return {
        "account": chart[one.account],
        "address": f"{reverse(f'{PREFIX}entries')}?{urlencode(opens)}",
        "figures": [
            _text(figure, one.currency)
            for figure in (one.before, one.debit, one.credit, one.balance)
        ],
    }


def _totals(sums: list[journal.Sum]) -> list[list[str]]:
    """For each currency, its code and as text the sum of all debits and the sum of all credits."""
    return [
        [
            currency,
            _text(sum((one.debit for one in of_it), Decimal(0)), currency),
            _text(sum((one.credit for one in of_it), Decimal(0)), currency),
        ]
        for currency in sorted({one.currency for one in sums})
        for of_it in [[one for one in sums if one.currency == currency]]
    ]


def taxes(request: HttpRequest) -> HttpResponse:
    """The page with the tax by country, category, percent and currency in the days, currency and
    for the merchant that the form asks for; each row opens to its documents. Without a valid form,
    the form alone.
    """
    question = Question(request.GET)
    context: Context = {"title": "Tax by rate", "form": question, "here": "taxes"}
    if question.is_valid():
        context |= {
            "rates": [_rate(one, question) for one in vat.rates(question.asked)],
            "query": urlencode(question.query),
        }
    return _page(request, "journal_taxes.html", context)


def _rate(one: vat.Rate, question: Question) -> Context:
    """What the page shows of a tax rate: its country, category and percent, the number of
    documents, the base and the tax, and the address of the documents.
    """
    of_rate = {"country": one.country, "category": one.category, "percent": f"{one.percent:f}"}
    opens = question.query | of_rate | {"currency": one.currency}
    return {
        "country": one.country,
        "category": TaxCategory(one.category).label,
        "percent": f"{one.percent:f} %",
        "documents": one.documents,
        "base": _text(one.base, one.currency),
        "tax": _text(one.tax, one.currency),
        "address": f"{reverse(f'{PREFIX}tax_documents')}?{urlencode(opens)}",
    }


def tax_documents(request: HttpRequest) -> HttpResponse:
    """The page of the documents with one tax rate, each with its base and tax. The page's address
    names the rate by the issuer's country, the category and the percent, and besides the days, and
    as on the other pages perhaps a currency and a merchant. Raises Http404 for a percent that is no
    number, a country or category that cannot be, and days that cannot be asked for.
    """
    question = Question(request.GET)
    try:
        percent = Decimal(request.GET.get("percent", ""))
    except InvalidOperation as error:
        raise Http404("no such rate") from error
    if not question.is_valid() or not money.is_comparable(percent):
        raise Http404("no such days")
    rate = (request.GET.get("country", ""), request.GET.get("category", ""), percent)
    if has_control(rate[0]) or has_control(rate[1]):
        raise Http404("no such rate")
    found = vat.documents(question.asked, rate)
    context = {
        "title": f"Tax: {rate[0]} {rate[1]} {percent.normalize():f} %",
        "back": f"{reverse(f'{PREFIX}taxes')}?{urlencode(question.query)}",
        "documents": [
            (one, _row_page(one.source, one.row_id), _text(one.base, one.currency),
             _text(one.tax, one.currency))
            for one in found
        ],
    }  # fmt: skip
    return _page(request, "journal_tax_documents.html", context)


def taken(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The part of the journal that the form's fields in the address ask for, by days, currency,
    merchant and account, as a file; `kind` is a key of FORMATS. That it was taken is recorded on
    the trail. Raises Http404 for an unknown kind, and for a question that is not valid.
    """
    question = Question(request.GET)
    if kind not in journal_files.FORMATS or not question.is_valid():
        raise Http404("no such file")
    exports.record("journal", {"format": kind} | question.query, request, question.now)
    asked = question.asked
    name = journal_files.name_of(kind, asked.start, asked.end, question.query.get("merchant", ""))
    response = csv_files.download(request, csv_files.in_blocks(_pieces(kind, question)), name)
    response["Content-Type"] = f"{journal_files.TYPES[kind]}; charset=utf-8"
    return response


def _pieces(kind: str, question: Question) -> Iterator[bytes]:
    """Yield the journal's file of this kind piece by piece, read from the database as it is
    sent.
    """
    with statement_timeout.download(), snapshot():
        for piece in journal_files.FORMATS[kind](journal.entries(question.asked), Charts()):
            yield piece.encode()


def _page(request: HttpRequest, template: str, context: Context) -> TemplateResponse:
    """Render a page of the journal: `context` with what every admin page has, and links to the
    other pages.
    """
    pages = [(here, title, reverse(f"{PREFIX}{here}")) for here, title in PAGES.items()]
    whole = site.each_context(request) | {"pages": pages} | context
    return TemplateResponse(request, f"admin/backoffice/{template}", whole)


PAGES = {"entries": "Journal", "balances": "Trial balance", "taxes": "Tax by rate"}
