"""python -m tests.chaos [--seconds S | --minutes M] [--seed N] [--plan] [--keep]

Prints the plan, what happened, and what is wrong; exits with 1 if anything is.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from config.local import datafolder
from tests import stripe_server
from tests.chaos.outside import Outside
from tests.chaos.plan import KINDS, plan
from tests.chaos.world import World, disk
from tests.ports import free_port

DISK = "900m"
SHORT_SECONDS = 150  # up to which a run has not the minutes that leases last
LEASE_SECONDS = {True: 9.0, False: 120.0}


def main() -> int:
    """Run chaos as the options say; returns the program's exit code."""
    if datafolder.TESTING:
        sys.exit("Unset PYTEST_VERSION: a test's PostgreSQL may forget what it has acknowledged.")
    options = _options()
    seconds = options.minutes * 60 if options.minutes else options.seconds
    faults = plan(options.seed, seconds)
    print(f"Seed {options.seed}, {seconds:g} s, {len(faults)} faults:", *faults, sep="\n  ")
    if missing := [kind for kind in KINDS if kind not in {fault.kind for fault in faults}]:
        print(f"Too short for: {', '.join(missing)}.")
    if options.plan:
        return 0
    with ExitStack() as stack:
        notes = stack.enter_context(_notes(keep=options.keep))
        folder, is_disk = stack.enter_context(_data_folder())
        _say_by_environment(folder, is_short=seconds <= SHORT_SECONDS)
        world, outside = stack.enter_context(_started(folder, notes))
        from tests.chaos.running import Run  # which needs the settings

        run = Run(world, outside, seed=options.seed, disk=folder if is_disk else None)
        return 1 if run.go(faults, seconds=seconds) else 0


def _options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of traffic and faults")
    parser.add_argument("--minutes", type=float, help="the same, in minutes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plan", action="store_true", help="print the plan, and do nothing")
    parser.add_argument("--keep", action="store_true", help="keep the logs")
    return parser.parse_args()


@contextmanager
def _notes(*, keep: bool) -> Iterator[Path]:
    """A context that gives a folder for logs and clocks, which is removed at its end unless it is
    to be kept.
    """
    folder = Path(tempfile.mkdtemp(prefix="tael-chaos-notes-", dir="/tmp"))
    yield folder
    if keep:
        print(f"The logs are in {folder}.")
    else:
        shutil.rmtree(folder)


@contextmanager
def _data_folder() -> Iterator[tuple[Path, bool]]:
    """A context that gives an empty data folder, and whether it is on a disk of its own, which this
    machine has to mount.
    """
    with disk(DISK) as mounted:
        folder = mounted or Path(tempfile.mkdtemp(prefix="tael-chaos-", dir="/tmp"))
        folder.chmod(0o711)
        try:
            yield folder, mounted is not None
        finally:
            if mounted is None:
                shutil.rmtree(folder)


def _say_by_environment(folder: Path, *, is_short: bool) -> None:
    """Say what this process and those that it starts stand on."""
    for name in ("DATABASE_URL", "REDIS_URL", "PORT", "SENTRY_DSN"):
        os.environ.pop(name, None)
    os.environ |= {
        "TAEL_DATA_DIR": str(folder),
        "TAEL_SANDBOX": "1",
        "TAEL_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
        "EMAIL_HOST": "127.0.0.1",
        "ALLOWED_HOSTS": "127.0.0.1",
        "TAEL_LOG_LEVEL": "WARNING",
        "STRIPE_TIMEOUT": "1",
        "STRIPE_API_KEY": stripe_server.KEY,
        "STRIPE_PUBLISHABLE_KEY": "pk_test_tael",
        "STRIPE_WEBHOOK_SECRET": stripe_server.WEBHOOK_SECRET,
        "CHAOS_LEASE_SECONDS": str(LEASE_SECONDS[is_short]),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
    }
    (folder / "metrics").mkdir()


@contextmanager
def _started(folder: Path, notes: Path) -> Iterator[tuple[World, Outside]]:
    """A context that gives the servers, and whoever is outside; Django is ready in it."""
    world = World(folder, notes, web_port=free_port(), redis_port=free_port())
    outside = Outside(world.web_port)
    try:
        os.environ |= world.environment() | outside.environment()
        world.move_clock(timedelta(0))
        import django

        django.setup()
        from tests.chaos import cluster

        is_kept = cluster.bring()
        world.start_servers()
        if not is_kept:
            cluster.make()
        yield world, outside
    finally:
        world.end()
        world.end_servers()
        outside.end()


if __name__ == "__main__":
    sys.exit(main())
