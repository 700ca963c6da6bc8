"""A whole event file, up to an end (rule 23.10)."""

import gzip
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from .days import parse_instant
from .model import Model


def read_events(path: Path) -> list[tuple[datetime | None, object]]:
    """The file's events by instant, ties in file order; those without a readable one come first."""
    untimed: list[tuple[datetime | None, object]] = []
    timed: list[tuple[datetime, object]] = []
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8")
    ) as lines:
        for line in lines:
            if line.strip():
                event = read_event(line)
                at = parse_instant(event.get("at")) if isinstance(event, dict) else None
                if at is None:
                    untimed.append((None, event))
                else:
                    timed.append((at, event))
    return [*untimed, *sorted(timed, key=lambda pair: pair[0])]


def read_event(line: str) -> object:
    """The line as JSON, with exact decimals; None if it is none."""
    try:
        return json.loads(line, parse_float=Decimal)
    except ValueError:
        return None


def replay(path: Path, until: datetime, **flags: Any) -> Model:
    """Apply the events before `until`, then every day-end up to and including it."""
    model = Model(**flags)
    for at, event in read_events(path):
        if at is None or at < until:
            model.apply(event)
    model.advance(until)
    return model
