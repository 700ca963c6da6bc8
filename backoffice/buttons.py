"""Buttons above the admin's pages, as the theme's templates want them."""

from typing import Any

from django.utils.functional import Promise
from unfold.enums import ActionVariant


def button(title: str | Promise, address: str) -> dict[str, Any]:
    variant = ActionVariant.DEFAULT
    return {"title": title, "path": address, "attrs": {}, "icon": None, "variant": variant}
