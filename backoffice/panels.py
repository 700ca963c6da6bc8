"""A piece of an admin page that another package provides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Panel:
    """A template with its context, to be shown on an admin page."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)  # beside that of the page
