"""Counts, for one run of a job, how often each provider did not answer.

A provider that accepts connections and never answers costs each request its full time-out. Once it
has not answered three times in a row, the run asks it nothing more, and the next run tries the rows
that are left.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lib.refusals import Refused

log = logging.getLogger(__name__)

MOST_IN_A_ROW = 3


class KeepsSilent(Refused):
    """The provider has not answered three times in a row; the next run asks it again."""

    code = "provider_keeps_silent"


class Silences:
    """How many times in a row each provider did not answer, within one run of a job. Providers in
    `given_up`, such as those that an earlier chunk gave up, are not asked at all. `left` counts the
    rows of which nothing was asked, as another process has their lease.
    """

    def __init__(self, given_up: Iterable[str] = ()) -> None:
        self._in_a_row = Counter(dict.fromkeys(given_up, MOST_IN_A_ROW))
        self.left = 0

    def leave(self) -> None:
        """Count one more row that is left to the process that has its lease."""
        self.left += 1

    def check(self, provider: str) -> None:
        """Raise KeepsSilent if this run does not ask the provider any more, because it did not
        answer three times in a row.
        """
        if self._in_a_row[provider] >= MOST_IN_A_ROW:
            raise KeepsSilent(f"{provider} kept silent {MOST_IN_A_ROW} times in a row")

    def heard(self, provider: str) -> None:
        """Note that the provider answered: its count starts anew."""
        self._in_a_row[provider] = 0

    def kept_silent(self, provider: str) -> None:
        """Count once more that the provider did not answer."""
        self._in_a_row[provider] += 1

    @contextmanager
    def asking(self, provider: str, silence: type[Exception], without: str) -> Iterator[None]:
        """A context in which the provider is asked, unless this run gave it up. Where the block
        raises `silence`, that is counted, and logged after the words `without`, which say what
        there is not without an answer. Raises KeepsSilent in both cases. That the provider answered
        is noted by the caller (`heard`).
        """
        self.check(provider)
        try:
            yield
        except silence as error:
            self.kept_silent(provider)
            log.warning("%s: %s", without, error)
            raise KeepsSilent(str(error)) from error

    @property
    def unanswered(self) -> list[str]:
        """The names of the providers that did not answer when they were asked last, by the
        alphabet; also of those that an earlier chunk gave up.
        """
        return sorted(name for name, times in self._in_a_row.items() if times)

    @property
    def given_up(self) -> list[str]:
        """The names of the providers that this run does not ask any more, by the alphabet."""
        return sorted(name for name, times in self._in_a_row.items() if times >= MOST_IN_A_ROW)
