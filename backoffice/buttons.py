"""Buttons above the admin's pages, in the form that the theme's templates take."""

from typing import Any

from django.utils.functional import Promise
from unfold.enums import ActionVariant


def button(title: str | Promise, address: str) -> dict[str, Any]:
    """What the theme's templates need for a button with this title that leads to the address."""
    variant = ActionVariant.DEFAULT
    return {"title": title, "path": address, "attrs": {}, "icon": None, "variant": variant}
