"""Notices as a CSV file, with their sentences in the reader's language."""

import csv
import io
from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils.translation import get_language, override

from lib.csv_files import in_blocks, safe_text
from notices import letters
from notices.models import Notice

AT_ONCE = 1000  # rows that are read together


def notices(found: QuerySet[Notice]) -> Iterator[bytes]:
    """A CSV file of these notices, in their order, as blocks of bytes."""
    return in_blocks(_rows(found, get_language() or "en"))


def _rows(found: QuerySet[Notice], language: str) -> Iterator[bytes]:
    """Yield the rows, the headings first. The language is taken up for each row: while a file is
    sent, other pages are made.
    """
    yield _line("Time (UTC)", "Kind", "Title", "Text")
    for notice in found.iterator(AT_ONCE):
        with override(language):
            at = notice.at.strftime("%Y-%m-%dT%H:%M:%SZ")
            row = _line(at, notice.kind, letters.title(notice), letters.sentence(notice))
        yield row


def _line(*cells: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(map(safe_text, cells))
    return text.getvalue().encode()
