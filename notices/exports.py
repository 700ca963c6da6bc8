"""Notices as a CSV file, with headings and sentences in the language in force (docs/files.md)."""

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db.models import CharField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from lib.csv_files import codes, heading_of, in_blocks, instants, safe_text
from merchants import installation
from merchants.models import Merchant
from notices import letters
from notices.models import Notice

AT_ONCE = 1000  # rows that are read together


def notices(merchant: Merchant, found: QuerySet[Notice]) -> Iterator[bytes]:
    """Yield, as blocks of bytes, a CSV file of these notices of the merchant, in their order: times
    (local and in UTC), kind, title and text in the language in force, and the code of the kind.
    """
    times = instants({_("Time"): "notices_notice.at"}, merchant.timezone)
    headings = [*times, _("Kind"), _("Title"), _("Text"), *codes({_("Kind"): ""})]
    heading = heading_of(headings)
    local, utc = (RawSQL(sql, (), output_field=CharField()) for sql in times.values())
    rows = _rows(found.annotate(local=local, utc=utc), get_language() or "en", installation.own())
    return in_blocks(chain([heading], rows))


def _rows(found: QuerySet[Any], language: str, prefix: str) -> Iterator[bytes]:
    """Yield each notice, which has its times as `local` and `utc`, as a line of the file: both
    times, kind, title and sentence, and the code of the kind. The language and the prefix of
    numbers are taken up for each row: while a file is sent, other pages are made.
    """
    for notice in found.iterator(AT_ONCE):
        with override(language), installation.remembered(prefix):
            said = (notice.get_kind_display(), letters.title(notice), letters.sentence(notice))
        yield _line(notice.local, notice.utc, *said, notice.kind)


def _line(*cells: str) -> bytes:
    """The cells as one line of CSV in UTF-8, separated by commas and with its line end (LF); text
    that a spreadsheet would take for a formula is made harmless (safe_text).
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(map(safe_text, cells))
    return text.getvalue().encode()
