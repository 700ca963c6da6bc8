"""The work of the job of imports."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from gateway.imports import operations
from jobs.chunks import Failures, one_by_one


def take_in(import_ids: Sequence[int], now: datetime) -> Failures:
    """Take in rows of each of these imports for as long as a visit lasts. Returns the errors of the
    imports that failed, by the import's primary key. Owners that the rows name are invited by
    e-mail, with trail rows. One of TRANSIENT_ERRORS is raised at once, and the imports after it are
    not tried. An import is locked while some of its rows are taken in.
    """
    return one_by_one(partial(operations.visit, now=now), import_ids)
