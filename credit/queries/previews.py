"""Previews what reviews held now would decide, line by line. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from credit import scoring
from credit.models import CreditLine, CreditPolicy
from credit.queries import reviews


@dataclass(frozen=True)
class Preview:
    """What a review of one line would decide, and from which inputs."""

    line: CreditLine
    inputs: scoring.Inputs
    result: scoring.Result


def of_lines(
    lines: Sequence[CreditLine], policy_of: dict[str, CreditPolicy], now: datetime
) -> list[Preview]:
    """What a review of each line on its open day would decide, from what is known by `now`.

    `policy_of` has the policy for each currency. Lines of other currencies are left out, and those
    that have no reviews: without metrics, with a limit of 0, or closed. They come in the order of
    the lines.
    """
    starts = [
        reviews.Start(line.pk, line.timezone, line.open_on, now, policy_of[line.currency])
        for line in lines
        if line.currency in policy_of
    ]
    inputs = reviews.inputs_of(starts)
    return [
        Preview(line, inputs[line.pk], scoring.review(inputs[line.pk], policy_of[line.currency]))
        for line in lines
        if line.pk in inputs
    ]
