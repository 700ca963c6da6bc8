"""The pages of the operators' reports: the table with its picture, the rows behind a figure, and
the table as a CSV file.
"""

import csv
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from io import StringIO
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import site
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import content_disposition_header

from backoffice import exports
from backoffice.columns import page_of
from backoffice.reports import groups
from backoffice.reports.asking import Question
from backoffice.reports.groups import Group
from backoffice.reports.report import REPORTS, Asked, Figure, Report, named
from backoffice.reports.rows import Rows
from lib import charts, csv_files, formats, money
from lib.charts import Series, image
from lib.texts import has_control

ROWS = 100  # on a page
MOST_SERIES = 6  # that a picture has colours for

Context = dict[str, Any]


def listed(request: HttpRequest) -> HttpResponse:
    """The page with the links to the reports that the operator may see."""
    seen = [report for report in REPORTS if request.user.has_perm(report.permission)]
    return _page(request, "reports.html", {"title": "Reports", "reports": seen})


def shown(request: HttpRequest, name: str) -> HttpResponse:
    """A report's page: the form with what is asked for and, if that is valid, the picture, and the
    table, whose figures open to their rows. Where a cell has not answered, its part is missing and
    the page says so. Raises PermissionDenied if the operator may not see the report, and Http404 if
    there is none.
    """
    report = _report(request, name)
    question = Question(report, request.GET)
    context: Context = {"title": report.title, "report": report, "form": question}
    if question.is_valid():
        context |= _table(report, question.asked)
    return _page(request, "report.html", context)


def picture(request: HttpRequest, name: str) -> HttpResponse:
    """The report as a picture of bars, in SVG: narrow for a phone with `?narrow`. What cells that
    have not answered have is missing from it, without a word. Raises PermissionDenied if the
    operator may not see the report, and Http404 if there is none, or for a currency or days that
    cannot be.
    """
    report = _report(request, name)
    asked = _asked(report, request)
    size = charts.NARROW if "narrow" in request.GET else charts.WIDE
    labels, series = _bars(report, groups.of_report(report, asked).groups)
    return image(charts.bars(series, labels, figure=formats.whole, size=size))


def opened(request: HttpRequest, name: str) -> HttpResponse:
    """The page of the rows that a figure of the report counts, latest first, each with a link to
    its own page. The query string has the values of the figure's keys; a key that it lacks may have
    any value. Where a cell has not answered, its rows are missing and the page says so. Raises
    PermissionDenied if the operator may not see the report, and Http404 if there is none, or for a
    currency, days or values that cannot be.
    """
    report = _report(request, name)
    asked = _asked(report, request)
    values = {key.name: request.GET[key.name] for key in report.keys if key.name in request.GET}
    if any(map(has_control, values.values())):  # no column has it, and the database fails
        raise Http404("no such group")
    try:
        rows = Rows(partial(groups.rows_of, report, asked, values), partial(_row, report))
        page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
        found = list(page)
    except (ValidationError, ValueError) as error:
        raise Http404("no such group") from error
    context = {
        "title": f"{report.title}: {_named(report, values)}",
        "report": report,
        "back": f"{_address(report)}?{_query(asked)}",
        "rows": found,
        "silent": rows.silent,
        "page": page,
        "query": _query(asked, values),
    }
    return _page(request, "report_rows.html", context)


def exported(request: HttpRequest, name: str) -> HttpResponse:
    """Download the report's table as a CSV file: UTF-8, ISO dates, dot decimals, as all files are.
    That the operator takes it is recorded (exports.record). There is none, but a 503, where a cell
    has not answered. Raises PermissionDenied if the operator may not see the report, and Http404 if
    there is none, or for a currency or days that cannot be.
    """
    report = _report(request, name)
    asked = _asked(report, request)
    answered = groups.of_report(report, asked)
    if answered.silent:
        return _refused(answered.silent)
    text = StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["currency", *_headings(report)])
    for group in answered.groups:
        values = [csv_files.safe_text(groups.written(value)) for value in group.values.values()]
        amounts = [_plain(figure, asked, group) for figure in report.figures]
        lines.writerow([asked.currency, *values, *amounts])
    body = csv_files.MARK + text.getvalue().encode()
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    file_name = f"{report.name}-{asked.currency}-{asked.start}-{asked.end}.csv"
    said = {name: str(value) for name, value in _said(asked).items()}
    exports.record(f"report {report.title}", said, request, asked.now)
    response["Content-Disposition"] = content_disposition_header(True, file_name) or "attachment"
    return response


def _refused(silent: Sequence[int]) -> HttpResponse:
    """The answer to who asks for a file of which these cells' part would be missing: a 503 in plain
    text that names them, to be tried again after a minute.
    """
    named = " ".join(f"Cell {number} has not answered." for number in silent)
    text = f"{named} The file would lack what it has: try again in a minute.\n"
    headers = {"Retry-After": "60"}
    return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8", headers=headers)


def _row(report: Report, row: Any) -> tuple[str, list[str]]:
    """The address of a row's page, and the texts of the report's columns of it."""
    return page_of(row), [text(row) for text in report.columns.values()]


def _report(request: HttpRequest, name: str) -> Report:
    """The report of this name. Raises PermissionDenied if the operator may not see it, and Http404
    if there is none.
    """
    report = named(name)
    if report is None:
        raise Http404("there is no such report")
    if not request.user.has_perm(report.permission):
        raise PermissionDenied
    return report


def _asked(report: Report, request: HttpRequest) -> Asked:
    """What the address asks the report for; Question fills in what it leaves out. Raises Http404
    for a currency or days that cannot be.
    """
    question = Question(report, request.GET)
    if not question.is_valid():
        raise Http404("such days or such a currency cannot be")
    return question.asked


def _table(report: Report, asked: Asked) -> Context:
    """What the template of the report's page needs: a line for each group with the address of its
    rows, the sums, and what the report says beside them.
    """
    answered = groups.of_report(report, asked)
    found = answered.groups
    whole = groups.sums(report, found)
    return {
        "asked": asked,
        "query": _query(asked),
        "silent": answered.silent,
        "lines": [_line(report, asked, group) for group in found],
        "has_picture": any(group.figures[report.drawn.name] for group in found),
        "sums": [_text(figure, asked)(whole[figure.name]) for figure in report.figures],
        "beside": {
            title: formats.money(formats.as_money(amount, asked.currency))
            for title, amount in answered.beside.items()
        },
    }


def _line(report: Report, asked: Asked, group: Group) -> Context:
    """A row of a report's table: its keys, its figures as text, and the address of the rows behind
    it.
    """
    values = {name: groups.written(value) for name, value in group.values.items()}
    return {
        "keys": [key.text(group.values[key.name]) for key in report.keys],
        "figures": [_text(figure, asked)(group.figures[figure.name]) for figure in report.figures],
        "address": f"{_address(report, 'report_rows')}?{_query(asked, values)}",
    }


def _text(figure: Figure, asked: Asked) -> Callable[[Any], str]:
    """The function that writes a value of this figure for people: a count, or an amount in the
    currency asked for.
    """
    if figure.is_count:
        return lambda value: formats.count(int(value))
    return lambda value: formats.money(formats.as_money(value, asked.currency))


def _plain(figure: Figure, asked: Asked, group: Group) -> str:
    """The value of this figure of the group as the file has it: with exactly the currency's digits,
    none for a count.
    """
    digits = 0 if figure.is_count else money.minor_digits(asked.currency)
    return f"{group.figures[figure.name]:.{digits}f}"


def _bars(report: Report, found: Sequence[Group]) -> tuple[list[str], list[Series]]:
    """The labels of the picture's axis, one for each value of the first key, and the series that
    its bars are made of, one for each value of the second key, largest first. Where a picture has
    not the colours for all of them (MOST_SERIES), the smallest are the last series, "Others".
    """
    first, *others = report.keys
    labels = list(dict.fromkeys(group.values[first.name] for group in found))
    parts: dict[str, dict[Any, Decimal]] = {}
    for group in found:
        part = others[0].text(group.values[others[0].name]) if others else report.drawn.title
        of_part = parts.setdefault(part, dict.fromkeys(labels, Decimal(0)))
        of_part[group.values[first.name]] += group.figures[report.drawn.name]
    series = [Series(name, list(of_part.values())) for name, of_part in parts.items()]
    series.sort(key=lambda one: -sum(map(abs, one.values)))
    if len(series) > MOST_SERIES:
        rest = [one.values for one in series[MOST_SERIES - 1 :]]
        together = [sum(values, Decimal(0)) for values in zip(*rest, strict=True)]
        series = [*series[: MOST_SERIES - 1], Series("Others", together)]
    return [first.text(label) for label in labels], series


def _headings(report: Report) -> list[str]:
    """The names of the report's keys and figures, as the file's columns are headed."""
    return [key.name for key in report.keys] + [figure.name for figure in report.figures]


def _named(report: Report, values: dict[str, str]) -> str:
    """The values of the keys that rows are opened by, with commas, for a title; "all" without
    any.
    """
    return ", ".join(values.values()) or "all"


def _query(asked: Asked, values: dict[str, str] | None = None) -> str:
    """The query string that asks for the same currency and days, and for these values of keys."""
    return urlencode(_said(asked) | (values or {}))


def _said(asked: Asked) -> dict[str, Any]:
    """The currency and days asked for, by the names that addresses have for them."""
    return {"currency": asked.currency, "start": asked.start, "end": asked.end}


def _address(report: Report, page: str = "report") -> str:
    """The address of the report's page; `page` is the name of another of its pages."""
    return reverse(f"backoffice:{page}", args=[report.name])


def _page(request: HttpRequest, template: str, context: Context) -> TemplateResponse:
    """The response of one of the reports' admin pages, by its template's file name."""
    whole = site.each_context(request) | context
    return TemplateResponse(request, f"admin/backoffice/{template}", whole)
