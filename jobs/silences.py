"""Counts providers that do not answer, during one run of a job.

A provider that accepts connections and never answers costs each request its full time-out. So a run
to which it did not answer three times in a row asks it nothing more; the rest of its rows is tried
by the next run.
"""

from collections import Counter
from collections.abc import Iterable

from lib.refusals import Refused

MOST_IN_A_ROW = 3


class KeepsSilent(Refused):
    """The provider has not answered three times in a row; the next run asks it again."""

    code = "provider_keeps_silent"


class Silences:
    """How often each provider did not answer in a row; those in `given_up` were given up before."""

    def __init__(self, given_up: Iterable[str] = ()) -> None:
        self._in_a_row = Counter(dict.fromkeys(given_up, MOST_IN_A_ROW))

    def check(self, provider: str) -> None:
        """Raise KeepsSilent for a provider that this run asks no more."""
        if self._in_a_row[provider] >= MOST_IN_A_ROW:
            raise KeepsSilent(f"{provider} kept silent {MOST_IN_A_ROW} times in a row")

    def heard(self, provider: str) -> None:
        self._in_a_row[provider] = 0

    def kept_silent(self, provider: str) -> None:
        self._in_a_row[provider] += 1

    @property
    def given_up(self) -> list[str]:
        """The providers that this run asks no more."""
        return sorted(name for name, times in self._in_a_row.items() if times >= MOST_IN_A_ROW)
