"""Which imports there is work on, how far one is, and its result as a file."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Count

from gateway.imports.models import Import
from lib import csv_files


def to_visit(now: datetime) -> Sequence[int]:
    """The ids of the imports whose rows are to be taken in, oldest first."""
    found = Import.objects.filter(status=Import.Status.RUNNING, uploaded_at__lte=now)
    return list(found.order_by("pk").values_list("pk", flat=True))


def same_file(digest: str) -> Import | None:
    """The latest import of a file with this digest, or None."""
    return Import.objects.filter(digest=digest).order_by("-pk").first()


def outcomes(file: Import) -> dict[str, int]:
    """How many of the import's rows have each outcome; outcomes that no row has are missing."""
    counted = file.rows.values_list("outcome").annotate(rows=Count("pk"))
    return dict(counted.order_by("outcome"))


def result(file: Import) -> Iterator[bytes]:
    """Yield the chunks of a CSV file of the import's rows as they were uploaded, by line, each with
    what became of it.
    """
    said = {name: csv_files.safe(f"(data ->> '{name}')") for name in file.columns}
    columns = {
        "line": "line",
        **said,
        "outcome": "outcome",
        "code": "NULLIF(code, '')",
        "refused_because": csv_files.safe("reason"),
        "taken_in_at": csv_files.utc("done_at"),
    }
    rows = file.rows.order_by("line")
    wanted = ("line", "data", "outcome", "code", "reason", "done_at")
    return csv_files.of_rows(columns, rows.values(*wanted))
