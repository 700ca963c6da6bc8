"""`manage.py review --dry-run [--policy N]`: what limit reviews today would change."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from credit.models import CreditLine, CreditPolicy, LimitReview
from credit.queries import policies, previews
from credit.queries.previews import Preview
from lib import clock, money
from lib.commands import OneCellCommand

CHUNK = 1000
# How the new limits compare with the old ones, for the distribution.
BANDS = (
    ("halved or less", Decimal("0.5")),
    ("cut", Decimal("0.999999")),
    ("unchanged", Decimal(1)),
    ("raised by up to half", Decimal("1.5")),
    ("raised by more", None),
)


class Command(OneCellCommand):
    help = "Shows what a limit review today would do to every line. Nothing is written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="required: real reviews come with month starts"
        )
        parser.add_argument(
            "--policy", type=int, metavar="N", help="version N of each currency's policy"
        )

    def handle(self, *, dry_run: bool, policy: int | None, **options: Any) -> None:
        """Print, by currency, what a review now would do to the lines, by version `policy` of each
        currency's policy or, without it, by the one in force today (UTC). Nothing is changed.
        Raises CommandError without `dry_run`, and if no currency has a policy with this version.
        """
        if not dry_run:
            raise CommandError("Reviews are held by the timetable; only --dry-run is offered.")
        chosen = _policies(policy)
        if not chosen and policy is not None:
            raise CommandError(f"No currency has a policy with version {policy}.")
        by_currency: dict[str, _Summary] = {}
        for look in _previews(chosen):
            by_currency.setdefault(look.line.currency, _Summary()).add(look)
        for currency, summary in sorted(by_currency.items()):
            self._print(summary.table(currency, chosen[currency]))
        if not by_currency:
            self.stdout.write("No line would be reviewed: none has metrics and a limit.")

    def _print(self, table: Table) -> None:
        """Write the table to the command's output as text, 100 columns wide."""
        console = Console(width=100)
        with console.capture() as capture:
            console.print(table)
        self.stdout.write(capture.get())


def _policies(version: int | None) -> dict[str, CreditPolicy]:
    """The policies to review by, for each currency: the given version, for the currencies that have
    it, or else the version in force today (UTC), if one is.
    """
    if version is not None:
        return {p.currency: p for p in CreditPolicy.objects.filter(version=version)}
    today = clock.now().date()
    currencies = CreditPolicy.objects.values_list("currency", flat=True).distinct()
    found = {currency: policies.in_force(currency, today) for currency in currencies}
    return {currency: policy for currency, policy in found.items() if policy.holds_reviews}


def _previews(chosen: dict[str, CreditPolicy]) -> Iterator[Preview]:
    """Yield what a review now would do to each line of the present cell that would be reviewed (it
    is open, and has metrics and a limit) and of whose currency a policy was chosen, reading the
    lines in chunks.
    """
    now = clock.now()
    last = 0
    while lines := _next_lines(last):
        yield from previews.of_lines(lines, chosen, now)
        last = lines[-1].pk


def _next_lines(after: int) -> Sequence[CreditLine]:
    """Read the next CHUNK lines after this key, by ascending key."""
    return list(CreditLine.objects.filter(pk__gt=after).order_by("pk")[:CHUNK])


class _Summary:
    """Counts and sums over the previews of the lines of one currency."""

    def __init__(self) -> None:
        self.lines = 0
        self.before = self.after = self.waiting = Decimal(0)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.bands: Counter[str] = Counter()

    def add(self, look: Preview) -> None:
        """Count one line's preview. The new total takes the limit that the review would give; a
        raise that would wait for a decision leaves it unchanged, and is added to `waiting`.
        """
        self.lines += 1
        self.before += look.inputs.limit
        waits = look.result.status == LimitReview.Status.PENDING
        self.after += look.inputs.limit if waits else look.result.limit
        self.waiting += look.result.limit - look.inputs.limit if waits else 0
        self.counts[look.result.grade.value, look.result.status.value] += 1
        self.bands[_band(look.result.limit / look.inputs.limit)] += 1

    def table(self, currency: str, policy: CreditPolicy) -> Table:
        """The summary as a table to print: lines by grade and outcome, lines by how their limits
        change, the total limit before and after, and the sum of the raises that would wait.
        """
        table = Table(title=f"{currency}, policy {policy.version}: {self.lines} lines reviewed")
        table.add_column("")
        table.add_column("lines or amount", justify="right")
        for (grade, status), count in sorted(self.counts.items()):
            table.add_row(f"grade {grade}, {status}", str(count))
        table.add_section()
        for name, _ in BANDS:
            table.add_row(f"limit {name}", str(self.bands[name]))
        table.add_section()
        table.add_row("total limit before", money.figure_text(self.before, currency))
        table.add_row("total limit after", money.figure_text(self.after, currency))
        table.add_row("raises that would wait", money.figure_text(self.waiting, currency))
        return table


def _band(ratio: Decimal) -> str:
    """The name of the band in BANDS that the ratio of the new limit to the old one falls into."""
    return next(name for name, most in BANDS if most is None or ratio <= most)
