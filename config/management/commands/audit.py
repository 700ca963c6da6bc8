"""manage.py audit"""

from collections.abc import Sequence
from typing import IO, Any, cast

from django.core.management.base import CommandError
from rich.console import Console
from rich.table import Table

from lib import audit, clock
from lib.audit import Finding
from lib.commands import BooksCommand


class Command(BooksCommand):
    help = "Checks every invariant of the books in one picture of them; exits with 1 if one is off."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run every audit check and print a table of them, their remarks and the violations that
        were listed. Raises CommandError if any check found a violation.
        """
        findings = audit.run(audit.registered(), now=clock.now())
        broken = [finding for finding in findings if finding.violations]
        console = Console(
            file=cast(IO[str], self.stdout),
            width=None if self.stdout.isatty() else 100,
            highlight=False,
            markup=False,
        )
        console.print(_table(findings))
        for finding in findings:
            if finding.remark:
                console.print(finding.remark, soft_wrap=True)
        for finding in broken:
            _list(finding, console)
        if broken:
            raise CommandError(f"{len(broken)} of {len(findings)} checks found something wrong.")


def _table(findings: Sequence[Finding]) -> Table:
    """How many rows each check looked at, and how many violations it found, as a table to print."""
    table = Table(title="Audit of the books")
    table.add_column("invariant", justify="right")
    table.add_column("check")
    table.add_column("rows checked", justify="right")
    table.add_column("violations", justify="right")
    for finding in findings:
        table.add_row(
            str(finding.check.invariant),
            finding.check.name,
            f"{finding.checked:,}",
            f"{finding.violations:,}",
            style="bold red" if finding.violations else None,
        )
    return table


def _list(finding: Finding, console: Console) -> None:
    """Print the violations of a check that were listed, each on a line of its own, however long, so
    that it can be searched and copied; then how many more there are.
    """
    check = finding.check
    lines = [f"\nNot so: {check.name} ({check.what})"]
    for row in finding.listed:
        subject = f"{row.merchant}: {row.subject}" if row.merchant else row.subject
        lines.append(f"  {subject}: expected {row.expected}; found {row.found}")
    if more := finding.violations - len(finding.listed):
        lines.append(f"  … and {more:,} more")
    console.print("\n".join(lines), soft_wrap=True)
