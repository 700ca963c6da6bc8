"""Which imports there is work on, how far one is, and its result as a file."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Count, OuterRef, Q, Subquery

from gateway.imports.models import Import, ImportedRow
from lib import csv_files
from merchants.models import Invitation, Membership, Merchant


def to_visit(now: datetime) -> Sequence[int]:
    """The primary keys of the imports that are running, oldest first; those uploaded after `now`
    are left out.
    """
    found = Import.objects.filter(status=Import.Status.RUNNING, uploaded_at__lte=now)
    return list(found.order_by("pk").values_list("pk", flat=True))


def next_to_invite(file: Import, *, after: int = 0) -> ImportedRow | None:
    """The first row after line `after`, by line, that was applied or was a duplicate, that names an
    owner to invite, and of which it is not on record what became of that; with the primary key of
    its merchant as `merchant_id`. None if there is none.
    """
    if not file.of_kind.founds:
        return None
    taken = Q(outcome__in=[ImportedRow.Outcome.APPLIED, ImportedRow.Outcome.DUPLICATE])
    rows = file.rows.filter(taken, line__gt=after, invitation="", data__owner_email__gt="")
    merchant = Merchant.objects.filter(reference=OuterRef("merchant"))
    rows = rows.annotate(merchant_id=Subquery(merchant.values("pk")))
    return rows.order_by("line").first()


def has_invited(file: Import, merchant_id: int) -> bool:
    """Whether the merchant has got an invitation of an owner since the file was uploaded, whatever
    became of it.
    """
    owner = Membership.Role.OWNER
    found = Invitation.objects.filter(merchant=merchant_id, role=owner)
    return found.filter(invited_at__gte=file.uploaded_at).exists()


def same_file(digest: str) -> Import | None:
    """The latest import of a file with this digest, or None."""
    return Import.objects.filter(digest=digest).order_by("-pk").first()


def outcomes(file: Import) -> dict[str, int]:
    """How many of the import's rows have each outcome; outcomes that no row has are missing."""
    counted = file.rows.values_list("outcome").annotate(rows=Count("pk"))
    return dict(counted.order_by("outcome"))


def invitations(file: Import) -> dict[str, int]:
    """Count the import's rows by what became of the owner's invitation
    (ImportedRow.Invitation). Rows of which nothing is noted, such as those that name no
    owner, are not counted. A value that no row has is no key of the result.
    """
    counted = file.rows.exclude(invitation="").values_list("invitation").annotate(Count("pk"))
    return dict(counted.order_by("invitation"))


def result(file: Import) -> Iterator[bytes]:
    """Return the import as chunks of a CSV file: its rows in the order of their lines, each with
    what became of it and, where rows name owners to invite, of that. Text that a spreadsheet would
    take for a formula is made harmless. What was emptied of old rows is empty in it.
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
    if "owner_email" in file.columns:
        columns["invitation"] = "NULLIF(invitation, '')"
    rows = file.rows.order_by("line")
    wanted = ("line", "data", "outcome", "code", "reason", "done_at", "invitation")
    return csv_files.of_rows(columns, rows.values(*wanted))
