"""What a benchmark has found: one row of the table, a ratio of two ways taken in turn."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

REACHED, MISSED = "reached", "NOT REACHED"


@dataclass(frozen=True)
class Figure:
    """One thing that was measured, beside the floor that it was compared to in the same run.

    `figure` is the median of the ratios of all rounds, or, where there is no floor, the measure
    itself. `target` says what it should be, as "≥ 0.6", and is "" where nothing is demanded.
    """

    what: str
    figure: float
    ours: str  # in its own unit
    floor: str  # what it was compared to, and how that did
    sent: str  # what was done in a round
    rounds: int
    target: str = ""
    is_reached: bool | None = None  # None without a target
    # A point of a growth curve: its name, the charges, our milliseconds and those beside them.
    curve: str = ""
    charges: int = 0
    milliseconds: float = 0.0
    beside: float = 0.0

    def lines(self) -> Iterator[tuple[str, str]]:
        """The figure as lines of a report, each (what was measured, result)."""
        yield self.what, f"{self.ours} ({self.floor})" if self.floor else self.ours
        aim = f", {self.target}: {self.verdict}" if self.target else ""
        yield f"{self.what}, median of {self.rounds}", f"{self.figure:,.2f}{aim}"

    @property
    def verdict(self) -> str:
        """Whether the target is reached, in words; "" without one."""
        if self.is_reached is None:
            return ""
        return REACHED if self.is_reached else MISSED

    def kept(self) -> dict[str, Any]:
        """The figure as JSON can keep it; `Figure(**kept)` is it again."""
        return asdict(self)


def more_is_better(
    what: str,
    rounds: Sequence[tuple[float, float]],
    *,
    floor: str,
    sent: str,
    at_least: float | None = None,
    unit: str = "a second",
) -> Figure:
    """The figure of something that is counted by the second: `rounds` has (ours, the floor's) for
    each round, of which the ratio should be `at_least` so much.
    """
    ratio = median(ours / other for ours, other in rounds)
    ours, other = _medians(rounds)
    return Figure(
        what, ratio, f"{_shown(ours)} {unit}", f"{floor}: {_shown(other)}", sent, len(rounds),
        *_aim("≥", at_least, ratio),
    )  # fmt: skip


def less_is_better(
    what: str,
    rounds: Sequence[tuple[float, float]],
    *,
    floor: str,
    sent: str,
    at_most: float | None = None,
    unit: str = "s",
) -> Figure:
    """The figure of something that takes time or room: `rounds` has (ours, the floor's) for each
    round, of which the ratio should be `at_most` so much.
    """
    ratio = median(ours / other for ours, other in rounds)
    ours, other = _medians(rounds)
    return Figure(
        what, ratio, f"{_shown(ours)} {unit}", f"{floor}: {_shown(other)}", sent, len(rounds),
        *_aim("≤", at_most, ratio),
    )  # fmt: skip


def measure(
    what: str,
    found: Sequence[float],
    *,
    unit: str,
    sent: str,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """The figure of something that has a target of its own and no floor: the median of `found`."""
    figure = median(found)
    aim = _aim("≥", at_least, figure) if at_most is None else _aim("≤", at_most, figure)
    return Figure(what, figure, f"{_shown(figure)} {unit}", "", sent, len(found), *aim)


def _medians(rounds: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """(the median of ours, the median of the floor's)."""
    ours, others = zip(*rounds, strict=True)
    return median(ours), median(others)


def _aim(sign: str, bound: float | None, figure: float) -> tuple[str, bool | None]:
    """(the target in words, whether the figure reaches it); ("", None) without a bound."""
    if bound is None:
        return "", None
    return f"{sign} {bound:,g}", figure >= bound if sign == "≥" else figure <= bound


def _shown(number: float) -> str:
    """The number as text, with as many decimals as say something."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:,.1f}" if number >= 10 else f"{number:,.3f}"
