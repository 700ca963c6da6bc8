"""Writes down who has taken which list of the admin as a file, and what was asked of it."""

from datetime import datetime
from typing import Any

from django.db.models import TextChoices
from django.http import HttpRequest

from backoffice import exports
from trail import operations as trail

LONGEST = 500  # of what was asked, as the trail repeats it


class Action(TextChoices):
    LIST_DOWNLOADED = "LIST_DOWNLOADED", "List downloaded"


def record(pages: Any, request: HttpRequest, now: datetime) -> None:
    """Write a trail row about the download of a list, with its search, filters and order."""
    asked = {name: value[:LONGEST] for name, value in exports.asked(request).items()}
    trail.write(
        Action.LIST_DOWNLOADED,
        actor=request.user.get_username(),
        subject=f"list of {pages.opts.verbose_name_plural}",
        after=asked,
        now=now,
    )
