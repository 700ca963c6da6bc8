"""Ledgers that others have written, each beside what Tael does for the same movement.

They do not do the same: what each does and does not stands with its figure. They are installed into
a folder of their own on first use, and those that cannot be are left out.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connection
from moneyed import Money

from bench import pace
from bench.figures import Figure, more_is_better
from bench.served import database_url
from bench.shops import join
from bench.sized import Sized
from billing.documents.journal_files import FORMATS
from billing.queries import journal
from billing.queries.chart import Charts
from config.local import datafolder
from credit.models import CreditLine
from credit.operations import order_steps, orders, payments
from lib import audit

SCRIPTS = Path(__file__).parent / "peer_scripts"
REQUIREMENTS = SCRIPTS / "requirements.txt"
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ROUNDS = Sized(usual=5, full=5, tiny=1)
MOVEMENTS = Sized(usual=100, full=500, tiny=3)  # a round
GENEROUS = Decimal("900000000.00")
STARTS_WITHIN = 120  # seconds, with installing
_numbers = count(1)


@dataclass(frozen=True)
class Peer:
    """A ledger of others: its script, and what it does and does not do beside ours."""

    script: str
    what: str
    does: str


HORDAK = Peer(
    "with_hordak",
    "a buyer's payment, and reading the balance",
    "django-hordak: a transfer of two legs and a balance summed from all legs; the database checks"
    " that legs come to 0; no orders, limits, days, repeats or bills",
)
LEDGER = Peer(
    "with_django_ledger",
    "a buyer's payment",
    "django-ledger: a posted journal entry of two transactions, validated by its models; no orders,"
    " limits, repeats; balances are computed when asked",
)
BEANCOUNT = Peer(
    "with_beancount",
    "all balances of the journal",
    "beancount: reads and books the same entries from a file into memory; no database, one user,"
    " nothing is kept",
)


def run() -> Iterator[tuple[str, str] | Figure]:
    """Measure each of the other ledgers beside what Tael does for the same movement, in turn.
    Yields a figure for each that can be installed, and a line about each that cannot.
    """
    line = join("peers", limit=GENEROUS)
    python = _installed()
    if python is None:
        yield "other ledgers", "left out: they cannot be installed here"
        return
    for peer in (HORDAK, LEDGER):
        yield from _beside(peer, python, line)
    yield from _journal(python)


def _installed() -> Path | None:
    """The interpreter of the folder in which the peers are installed, None if they cannot be."""
    folder = datafolder.root() / "bench" / "peers"
    python = folder / "bin" / "python"
    done = folder / "installed"
    if done.exists() and done.read_text() == REQUIREMENTS.read_text():
        return python
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)],
    )
    try:
        for command in commands:
            subprocess.run(command, check=True, capture_output=True, timeout=STARTS_WITHIN)
    except (OSError, subprocess.SubprocessError):
        return None
    done.write_text(REQUIREMENTS.read_text())
    return python


def _beside(peer: Peer, python: Path, line: int) -> Iterator[tuple[str, str] | Figure]:
    """The figure of payments that this line takes in, with reading what is available, beside the
    peer's.
    """
    rounds = []
    with _asking(peer, python, database_url()) as ask:
        if ask is None:
            yield peer.does, "left out: it does not start"
            return
        for _ in pace.rounds(ROUNDS(), share=0.4):
            names = _delivered(line)
            started = time.perf_counter()
            for name in names:
                payments.receive(
                    merchant_id=line, order=name, reference=name, amount=Money("25.00", "USD"),
                    at=NOW, now=NOW,
                )  # fmt: skip
                assert CreditLine.objects.get(pk=line).available.amount > 0
            ours = len(names) / (time.perf_counter() - started)
            rounds.append((ours, ask(MOVEMENTS())))
    yield more_is_better(
        peer.what, rounds, floor=peer.does, sent=f"{MOVEMENTS()} movements, one by one"
    )


def _delivered(line: int) -> list[str]:
    """The references of new orders of the line, which their buyers have, but have not paid."""
    names = [f"peer-{next(_numbers)}" for _ in range(MOVEMENTS())]
    of = {"merchant_id": line, "at": NOW, "now": NOW}
    for name in names:
        orders.place(
            merchant_id=line, reference=name, buyer="b", amount=Money("25.00", "USD"), now=NOW
        )
        order_steps.deliver(reference=name, **of)  # type: ignore[arg-type]
    return names


def _journal(python: Path) -> Iterator[tuple[str, str] | Figure]:
    """The figure of the balances of all entries so far, beside beancount's reading them."""
    asked = journal.Asked(date(2026, 1, 1), date(2027, 12, 31), None)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.beancount"
        with audit.snapshot():
            pieces = FORMATS["beancount"](journal.entries(asked), Charts())
            path.write_text("".join(pieces), encoding="utf-8")
        rounds = []
        with _asking(BEANCOUNT, python, str(path)) as ask:
            if ask is None:
                yield BEANCOUNT.does, "left out: it does not start"
                return
            for _ in pace.rounds(ROUNDS()):
                started = time.perf_counter()
                with audit.snapshot():
                    entries = sum(1 for _ in journal.entries(asked))
                ours = entries / (time.perf_counter() - started)
                rounds.append((ours, ask(entries)))
    yield more_is_better(
        BEANCOUNT.what, rounds, floor=BEANCOUNT.does, sent=f"{entries:,} entries", unit="entries/s"
    )


class _Ask:
    """Asks a running script for a round of so many movements, and says how many a second it did."""

    def __init__(self, script: "subprocess.Popen[str]") -> None:
        self._script = script

    def __call__(self, movements: int) -> float:
        """Raises RuntimeError if the script has ended."""
        assert self._script.stdin is not None
        assert self._script.stdout is not None
        self._script.stdin.write(f"{movements}\n")
        self._script.stdin.flush()
        said = self._script.stdout.readline()
        if not said:
            raise RuntimeError("a peer's script has ended")
        return float(movements / json.loads(said)["seconds"])


@contextmanager
def _asking(peer: Peer, python: Path, where: str) -> Iterator[_Ask | None]:
    """The peer's script, running on `where` (a database's URL, or a file) while the block runs;
    None if it does not come up.
    """
    script = subprocess.Popen(
        [str(python), str(SCRIPTS / f"{peer.script}.py"), where],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert script.stdout is not None
    try:
        yield _Ask(script) if "ready" in script.stdout.readline() else None
    finally:
        script.kill()
        script.wait()
        connection.close_if_unusable_or_obsolete()
