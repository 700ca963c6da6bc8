"""ZIP files of a year's documents: asked for, built by a job, kept for some days, and taken
(rule 13.12).
"""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from billing.documents import year_zip
from billing.models import ArchivePart, BillingAccount, YearArchive
from billing.models.documents import KEPT_FOR
from billing.operations import accounts
from billing.queries.choices import WITHIN
from billing.trail import Action
from trail import operations as trail

Status = YearArchive.Status
MOST = 3  # of one year, asked for within 24 hours


@transaction.atomic
def ask(*, merchant_id: int, year: int, actor: str, now: datetime) -> YearArchive:
    """Ask for the ZIP file of the documents of a year, which a job builds, with a trail row. One
    that waits already is returned, and not asked for again. One that is ready does not stop
    another, as more may have been billed since; but once MOST were asked for within 24 hours, the
    last of them is returned: each is kept for days. Whether there are documents of the year is for
    the caller to check. It locks the account, whose ended days are worked off first
    (accounts.lock).
    """
    account = accounts.lock(merchant_id, now=now)
    waiting = account.archives.filter(year=year, status=Status.WAITING).first()
    if waiting:
        return waiting
    lately = account.archives.filter(year=year, asked_at__gt=account.now - WITHIN).order_by("-pk")
    if len(built := lately[:MOST]) == MOST:
        return built[0]
    _note(Action.YEAR_ASKED, account, year, actor, account.now)
    return account.archives.create(year=year, asked_at=account.now, asked_by=actor)


def stream(account: BillingAccount, year: int, *, actor: str, now: datetime) -> Iterator[bytes]:
    """The ZIP file of the documents of a year in blocks, made while they are read; that it is taken
    is written on the trail first. That they are few is for the caller to see to, as somebody waits
    for them. The blocks raise csv_export.Incomplete if a file in it is not whole.
    """
    _note(Action.YEAR_TAKEN, account, year, actor, now)
    return year_zip.blocks(account, year, now=now)


def take(archive: YearArchive, *, actor: str, now: datetime) -> Iterator[bytes]:
    """The blocks of a ZIP file that is ready, read from the database as they are taken; that it is
    taken is written on the trail first. Whether it is still kept is for the caller to check: one
    that has expired has no blocks.
    """
    _note(Action.YEAR_TAKEN, archive.account, archive.year, actor, now)
    parts = archive.parts.order_by("number").values_list("content", flat=True)
    return (bytes(content) for content in parts.iterator(1))


def work_off(archive_id: int, now: datetime) -> None:
    """Lock the archive's row, and build the ZIP file that waits; or, of one that was kept for long
    enough, delete the parts and mark it as expired. Does nothing if another worker is at it, or it
    is done. Raises csv_export.Incomplete if a document is not whole; nothing is kept then.
    """
    with transaction.atomic():
        found = (
            YearArchive.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("account__merchant")
            .filter(pk=archive_id)
            .first()
        )
        if found is None:
            return
        if found.status == Status.WAITING:
            _build(found, now)
        elif found.status == Status.READY and found.kept_until and found.kept_until <= now:
            found.parts.all().delete()
            found.status = Status.EXPIRED
            found.save(update_fields=["status"])


def _build(archive: YearArchive, now: datetime) -> None:
    """Write the parts of the ZIP file, and mark it as ready, to be kept for KEPT_FOR."""
    for number, block in enumerate(year_zip.blocks(archive.account, archive.year, now=now), 1):
        ArchivePart.objects.create(archive=archive, number=number, content=block)
        archive.size += len(block)
    archive.status, archive.built_at, archive.kept_until = Status.READY, now, now + KEPT_FOR
    archive.save(update_fields=["status", "built_at", "kept_until", "size"])


def _note(action: Action, account: BillingAccount, year: int, actor: str, now: datetime) -> None:
    """Write a trail row that says that `actor` asked for, or took, the documents of the year."""
    trail.write(
        action, merchant_id=account.pk, subject=f"documents of {year}", actor=actor, now=now
    )
