"""Writes down who has taken which list or report of the admin as a file, and what was asked of
it.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import TextChoices
from django.http import HttpRequest

from trail import operations as trail

LONGEST = 500  # of what was asked, as the trail repeats it


class Action(TextChoices):
    LIST_DOWNLOADED = "LIST_DOWNLOADED", "List or report downloaded"


def record(what: str, said: Mapping[str, str], request: HttpRequest, now: datetime) -> None:
    """Write a trail row, about no merchant, that the operator of the request has taken the file of
    a list, or of a report. `what` names it, such as "list of orders", and `said` is what was asked
    of it: search, filters and order, or currency and days. Each of its values is cut to LONGEST
    characters.
    """
    asked = {name: value[:LONGEST] for name, value in said.items()}
    trail.write(
        Action.LIST_DOWNLOADED,
        actor=request.user.get_username(),
        subject=what,
        after=asked,
        now=now,
    )
