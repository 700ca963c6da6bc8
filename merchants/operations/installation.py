"""Gives an installation its prefix (rule 16.12)."""

from datetime import datetime

from django.db import transaction

from lib.refusals import Invalid
from merchants import installation
from merchants.models import Installation
from merchants.trail import Action
from trail import operations as trail


@transaction.atomic
def set_prefix(prefix: str, *, has_moved: bool, actor: str, now: datetime) -> Installation:
    """Give this database a prefix for the place where it is now, with a trail row, so that its
    providers are asked again. Does nothing if it has that prefix for that place.

    A copy needs another prefix than its original has. `has_moved` says that this is not a copy: the
    original was moved here with its prefix, and nothing runs in its former place any more. Raises
    Invalid if the prefix is kept in another place without `has_moved`, and WrongPrefix if it is
    malformed, or if the database has none yet and TAEL_PREFIX is malformed or, in a deployment, not
    set. It locks the installation's row.
    """
    installation.checked(prefix)
    known = installation.current()
    known = Installation.objects.select_for_update().get(pk=known.pk)
    here = installation.place()
    if known.prefix == prefix and known.place != here and not has_moved:
        raise Invalid(
            "prefix", f"{prefix} is that of the installation at {known.place!r}; a copy has its own"
        )
    if (known.prefix, known.place) == (prefix, here):
        return known
    before = {"prefix": known.prefix, "place": known.place}
    known.prefix, known.place = prefix, here
    known.set_at, known.set_by = now, actor
    known.save()
    trail.write(
        Action.PREFIX_SET,
        merchant_id=None,
        subject="installation",
        before=before,
        after={"prefix": prefix, "place": here},
        actor=actor,
        now=now,
    )
    return known
