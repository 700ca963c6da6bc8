"""Uploading, stopping and resuming imports, and taking their rows in."""

import hashlib
import json
import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from gateway.events import apply_all
from gateway.imports import checking, queries, reading
from gateway.imports.faults import BadRows
from gateway.imports.kinds import KINDS
from gateway.imports.models import Import, ImportedRow
from gateway.imports.trail import Action
from lib import erasing, locks, wording
from lib.events import APPLIED, Outcome
from lib.refusals import Invalid, Refused
from lib.texts import LONGEST_NAME, shown
from merchants.models import Merchant
from merchants.operations import inviting
from merchants.operations.inviting import FirstOwner
from merchants.trail import Action as OfMerchants
from trail import operations as trail

AT_ONCE = 100  # rows of one transaction, which holds the books of their merchants meanwhile
VISIT_SECONDS = 45  # of the minute until the next one
LONGEST_REASON = 1000
COPY = """
COPY gateway_importedrow
    (file_id, line, merchant, reference, said_at, data, outcome, code, reason)
FROM STDIN
"""

NOTE = """
UPDATE gateway_importedrow said
SET outcome = became.outcome, code = became.code, reason = became.reason, done_at = %s
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
     AS became(id, outcome, code, reason)
WHERE said.id = became.id
"""


class AlreadyImported(Refused):
    """The same file was uploaded before, and it was not said that it is meant to be taken in
    again.
    """

    code = "already_imported"


class NotAtWork(Refused):
    """The import is stopped or done, and only one at work can be stopped."""

    code = "not_at_work"


class NotStopped(Refused):
    """The import was not stopped, so it cannot be resumed."""

    code = "not_stopped"


def upload(
    *,
    kind: str,
    file_name: str,
    content: bytes,
    again: bool = False,
    reason: str,
    actor: str,
    now: datetime,
) -> Import:
    """Store the rows of a file for the job that takes them in, with a trail row that names who
    uploaded it and why. Nothing is stored unless all rows are in order. `kind` is a code of KINDS.

    A file that was uploaded before is refused unless `again` is true; then rows that were applied
    become duplicates, and rows that were refused are tried anew. Raises AlreadyImported,
    UnreadableFile, Invalid for an unknown kind or without a reason, and BadRows, which lists all
    that is wrong. Of two uploads of the file at once, the second waits.
    """
    reason = wording.checked("reason", reason)
    if kind not in KINDS:
        raise Invalid("kind", f"must be one of {', '.join(KINDS)}")
    table = reading.read(content, KINDS[kind])
    rows, faults = checking.check(table, KINDS[kind], now=now)
    if faults:
        raise BadRows(faults)
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        # Of two uploads at once the second sees the first.
        locks.wait_for_advisory_lock(f"import {digest}")
        _check_new(digest, again)
        file = Import.objects.create(
            name=f"I{now:%y%m%d}-{secrets.token_hex(3).upper()}",
            kind=kind,
            file_name=shown(file_name, LONGEST_NAME).replace("\n", " "),
            digest=digest,
            columns=table.columns,
            row_count=len(rows),
            uploaded_at=now,
            uploaded_by=actor,
            reason=reason,
        )
        _insert(file, rows)
        after: trail.Values = {"kind": kind, "file": file.file_name, "rows": len(rows)}
        _note(Action.IMPORT_UPLOADED, file, reason, actor, now, after=after)
    return file


def _check_new(digest: str, again: bool) -> None:
    """Raise AlreadyImported if a file with this digest was uploaded before, unless `again`."""
    before = queries.same_file(digest)
    if before is not None and not again:
        raise AlreadyImported(
            f"This file is here already: {before} was uploaded by {before.uploaded_by} at"
            f" {before.uploaded_at:%Y-%m-%d %H:%M} UTC. Say that it is meant to be taken in again."
        )


def _insert(file: Import, rows: Sequence[checking.Row]) -> None:
    """Insert the rows of the import, to wait for the job."""
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            data = json.dumps(row.said)
            copy.write_row(
                (file.pk, row.line, row.merchant, row.reference, row.at, data, "waiting", "", "")
            )


@transaction.atomic
def stop(*, import_id: int, reason: str, actor: str, now: datetime) -> Import:
    """Stop the import, with a trail row: no more of its rows are taken in. Rows that are being
    applied at this moment still are. Raises NotAtWork, Invalid without a reason,
    Import.DoesNotExist. It locks the import.
    """
    file = _lock(import_id)
    if not file.is_running:
        raise NotAtWork(f"import: {file} is {file.get_status_display().lower()}")
    return _set_status(file, Import.Status.STOPPED, Action.IMPORT_STOPPED, reason, actor, now)


@transaction.atomic
def resume(*, import_id: int, reason: str, actor: str, now: datetime) -> Import:
    """Resume a stopped import, with a trail row: the rows that wait are taken in by the job. Raises
    NotStopped, Invalid without a reason, Import.DoesNotExist. It locks the import.
    """
    file = _lock(import_id)
    if not file.is_stopped:
        raise NotStopped(f"import: {file} is {file.get_status_display().lower()}")
    return _set_status(file, Import.Status.RUNNING, Action.IMPORT_RESUMED, reason, actor, now)


def visit(import_id: int, *, now: datetime, seconds: float = VISIT_SECONDS) -> None:
    """Take in rows of the import, a few at a time under its lock (take_some), and then invite the
    owners that they name, by e-mail and with trail rows (invite_owner), until there is nothing left
    to do, it is stopped, or the time is up. Each row's owner is looked at once in a visit.
    """
    ends_at = time.monotonic() + seconds
    while take_some(import_id, now=now):
        if time.monotonic() >= ends_at:
            return
    line = 0
    while found := invite_owner(import_id, after=line, now=now):
        line = found
        if time.monotonic() >= ends_at:
            return
    if line:  # no owner is left, so it is done
        take_some(import_id, now=now)


@transaction.atomic
def take_some(import_id: int, *, now: datetime) -> bool:
    """Apply the import's next rows that wait, at most AT_ONCE, in the order in which they
    happened, and store their outcomes, with a trail row for each merchant that they bring
    in. All of it is one transaction under the import's lock, so a process that is killed
    leaves nothing half done, and a second worker waits and goes on behind the first.
    Returns whether more rows wait; False if the import is not at work. If none waits, the
    import is ended as done, unless an owner is still to be invited: the caller invites them
    then (invite_owner) and calls this once more. Raises Import.DoesNotExist.
    """
    file = _lock(import_id)
    if not file.is_running:
        return False
    waiting = file.rows.filter(outcome=ImportedRow.Outcome.WAITING).order_by("said_at", "line")
    rows = list(waiting[: AT_ONCE + 1])
    rows, more = rows[:AT_ONCE], rows[AT_ONCE:]
    for row in rows:
        row.file = file
    outcomes = apply_all((row.event() for row in rows), now=now, in_one_transaction=True)
    _note_outcomes(rows, outcomes, now)
    if file.of_kind.founds:
        _note_merchants(file, rows, outcomes, now)
    if not more and queries.next_to_invite(file) is None:
        file.status, file.ended_at = Import.Status.DONE, now
        file.save(update_fields=["status", "ended_at"])
    return bool(more)


def invite_owner(import_id: int, *, after: int = 0, now: datetime) -> int:
    """Invite the owner whom the next row after line `after` of a running import names, and store
    with the row what became of that. Nobody is invited if the merchant has an owner, has an open
    invitation of one, or got one since the file was uploaded, or if there is no address to write
    to.

    Returns the row's line, or 0 if there is no such row. Inviting writes a trail row, and locks the
    merchant's row. If the mail server does not take the invitation, the merchant stays without one,
    and is invited from its page. Raises Import.DoesNotExist.
    """
    file = Import.objects.get(pk=import_id)
    row = queries.next_to_invite(file, after=after) if file.is_running else None
    if row is None:
        return 0
    became = _invited(file, row, now)
    # Of two workers at once, one writes it.
    file.rows.filter(pk=row.pk, invitation="").update(invitation=became)
    return row.line


def _invited(file: Import, row: Any, now: datetime) -> ImportedRow.Invitation:
    """Invite the owner whom the row of the file names, unless there is a reason not to. Returns
    what became of it.
    """
    email, found = row.data["owner_email"], ImportedRow.Invitation
    if erasing.is_erased(email):
        return found.NO_ADDRESS
    if queries.has_invited(file, row.merchant_id):  # by a worker that was killed, or by somebody
        return found.INVITED
    try:
        became = inviting.invite_first_owner(
            merchant_id=row.merchant_id, email=email, actor=file.uploaded_by, now=now
        )
    except Invalid:
        return found.NO_ADDRESS
    if became is FirstOwner.IS_INVITED and queries.has_invited(file, row.merchant_id):
        return found.INVITED  # by another worker at this moment
    return found(became)


def _note_outcomes(rows: Sequence[ImportedRow], outcomes: Sequence[Outcome], now: datetime) -> None:
    """Store the outcomes of these rows, which have the same order, with reasons cut to
    LONGEST_REASON characters.
    """
    reasons = [shown(outcome.reason, LONGEST_REASON) for outcome in outcomes]
    columns = (
        [row.pk for row in rows],
        [outcome.status for outcome in outcomes],
        [outcome.code for outcome in outcomes],
        reasons,
    )
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [now, *columns])


def _note_merchants(
    file: Import, rows: Sequence[ImportedRow], outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Write a trail row for each merchant that these rows brought in, as when merchants are added
    by hand.
    """
    joined = [row for row, became in zip(rows, outcomes, strict=True) if became == APPLIED]
    named = [row.merchant for row in joined]
    keys = dict(Merchant.objects.filter(reference__in=named).values_list("reference", "pk"))
    for row in joined:
        trail.write(
            OfMerchants.MERCHANT_ADDED,
            merchant_id=keys[row.merchant],
            subject=row.merchant,
            after={name: str(value) for name, value in row.event().data.items()},
            reason=file.reason,
            actor=file.uploaded_by,
            now=now,
        )


def _lock(import_id: int) -> Import:
    """Lock the import until the transaction ends, and return it. Raises Import.DoesNotExist."""
    return Import.objects.select_for_update(no_key=True).get(pk=import_id)


def _set_status(
    file: Import,
    status: Import.Status,
    action: Action,
    reason: str,
    actor: str,
    now: datetime,
) -> Import:
    """Set the import's status, with a trail row. Raises Invalid without a reason."""
    reason = wording.checked("reason", reason)
    before: trail.Values = {"status": file.status}
    file.status = status
    file.save(update_fields=["status"])
    waiting = queries.outcomes(file).get(ImportedRow.Outcome.WAITING, 0)
    after: trail.Values = {"status": file.status, "rows waiting": waiting}
    _note(action, file, reason, actor, now, before=before, after=after)
    return file


def _note(
    action: Action,
    file: Import,
    reason: str,
    actor: str,
    now: datetime,
    *,
    before: trail.Values | None = None,
    after: trail.Values,
) -> None:
    """Write the trail row about the import, with the values before and after."""
    trail.write(
        action,
        subject=str(file),
        before=before,
        after=after,
        reason=reason,
        actor=actor,
        now=now,
    )
