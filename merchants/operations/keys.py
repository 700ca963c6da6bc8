"""Re-encrypts encrypted content with the first of the configured keys (lib.secrets)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from lib import secrets
from lib.encrypted import Column
from merchants.trail import Action
from trail import operations as trail


@dataclass
class Rotated:
    """How many rows of a chunk were re-encrypted, and which have content that no key opens."""

    changed: int = 0
    unreadable: list[Any] = field(default_factory=list)  # their primary keys


@transaction.atomic
def reencrypt(column: Column, primary_keys: Sequence[Any], *, actor: str, now: datetime) -> Rotated:
    """Re-encrypt, with the first encryption key, the content in this column of the rows with these
    `primary_keys`, where it is encrypted with another key. Locks the rows. If there was any, write
    a trail row.

    A row with content that no encryption key opens stays as it is, and is listed as unreadable.
    """
    rotated = Rotated()
    chunk = column.model._default_manager.select_for_update(no_key=True).filter(pk__in=primary_keys)
    for row in chunk.order_by("pk"):
        try:
            anew = _anew(column, row)
        except secrets.Undecryptable:
            rotated.unreadable.append(row.pk)
            continue
        if anew:
            column.keep(row, anew)
            rotated.changed += 1
    if rotated.changed:
        trail.write(
            Action.KEY_ROTATED,
            subject=column.called,
            after={"encrypted_anew": rotated.changed},
            actor=actor,
            now=now,
        )
    return rotated


def _anew(column: Column, row: Any) -> dict[str, bytes]:
    """Those parts of the row's content that are not encrypted with the first key, now encrypted
    with it; empty if there are none. Raises Undecryptable.
    """
    place = column.bound_to(row)
    old = {
        name: kept
        for name, kept in column.kept(row).items()
        if not secrets.is_current(kept, bound_to=place)
    }
    return {
        name: secrets.encrypt(secrets.decrypt(kept, bound_to=place), bound_to=place)
        for name, kept in old.items()
    }


def keys_after(column: Column, last: Any, most: int) -> Sequence[Any]:
    """Read the primary keys of the column's next `most` rows after the one with the primary key
    `last`, or of its first rows if that is None.
    """
    rows = column.model._default_manager.order_by("pk")
    later = rows if last is None else rows.filter(pk__gt=last)
    return list(later.values_list("pk", flat=True)[:most])
