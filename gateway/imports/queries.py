"""Which imports there is work on, how far one is, and its result as a file."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, Subquery

from gateway.imports.models import Import, ImportedRow
from lib import csv_files
from merchants.models import Invitation, Membership, Merchant


def to_visit(now: datetime) -> Sequence[int]:
    """The primary keys of the imports that are running, oldest first; those uploaded after `now`
    are left out.
    """
    found = Import.objects.filter(status=Import.Status.RUNNING, uploaded_at__lte=now)
    return list(found.order_by("pk").values_list("pk", flat=True))


def next_without_owner(file: Import) -> tuple[int, str] | None:
    """The primary key of the next merchant that the import has taken in and whose row names an
    owner to invite, and that owner's e-mail address; None if there is none.

    Merchants that have an owner are left out, and those that have got an invitation of one since
    the file was uploaded, whatever became of it.
    """
    if not file.of_kind.founds:
        return None
    taken = Q(outcome__in=[ImportedRow.Outcome.APPLIED, ImportedRow.Outcome.DUPLICATE])
    rows = file.rows.filter(taken, data__owner_email__gt="").order_by("line")
    merchant = Merchant.objects.filter(reference=OuterRef("merchant"))
    of_merchant = {"merchant__reference": OuterRef("merchant"), "role": Membership.Role.OWNER}
    invited = Invitation.objects.filter(invited_at__gte=file.uploaded_at, **of_merchant)
    return (
        rows.exclude(Exists(Membership.objects.filter(**of_merchant)))
        .exclude(Exists(invited))
        .values_list(Subquery(merchant.values("pk")), "data__owner_email")
        .first()
    )


def same_file(digest: str) -> Import | None:
    """The latest import of a file with this digest, or None."""
    return Import.objects.filter(digest=digest).order_by("-pk").first()


def outcomes(file: Import) -> dict[str, int]:
    """How many of the import's rows have each outcome; outcomes that no row has are missing."""
    counted = file.rows.values_list("outcome").annotate(rows=Count("pk"))
    return dict(counted.order_by("outcome"))


def result(file: Import) -> Iterator[bytes]:
    """Return the import as chunks of a CSV file: its rows in the order of their lines, each with
    what it said, for as long as that is kept, and what became of it by now.
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
