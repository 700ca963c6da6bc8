"""Runs programs, and starts them again when they end by themselves.

Each runs under `config/local/run_with_parent.py`, so that it ends with this process, however that
ends.
"""

import os
import shlex
import subprocess
import sys
import time

from config.local.datafolder import BASE_DIR
from config.monitoring import metrics

RUN_WITH_PARENT = BASE_DIR / "config" / "local" / "run_with_parent.py"
EARLY_SECONDS = 10  # one that ends so soon after its start may be unable to start at all
MOST_EARLY_ENDS = 3  # in a row


class Program:
    """A program that is started at once, and kept running until `end`."""

    def __init__(self, name: str, command: str) -> None:
        """Start the program: `command` is its command line for Python, without the interpreter;
        `name` is for sentences about it.
        """
        self.name = name
        self.command = command
        self.early_ends = 0
        self._start()

    def _start(self) -> None:
        """Start the program for a demonstration, with the journal, so that it ends with this
        process, and note when.
        """
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-I", RUN_WITH_PARENT, sys.executable, *shlex.split(self.command)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for who started us: we are ended in order
            cwd=BASE_DIR,
            env=os.environ
            | {"TAEL_SANDBOX": "1", "TAEL_JOURNAL": "1", "PYTHONUNBUFFERED": "1"}
            | {metrics.FOLDER: str(metrics.folder())},
        )

    def restart_if_ended(self) -> str:
        """Start the program again if it has ended by itself, and return a sentence about that.
        Returns "" if it runs, or if it is not to be started again (`cannot_run`). It also counts
        the ends in a row soon after a start, so it is called at regular intervals.

        Celery's worker ends at some restarts of Redis.
        """
        if self.process.poll() is None:
            return ""
        is_early = time.monotonic() - self.started < EARLY_SECONDS
        self.early_ends = self.early_ends + 1 if is_early else 0
        if self.cannot_run:
            return ""
        self._close()
        self._start()
        return f"The {self.name} ended by itself and is started again."

    @property
    def cannot_run(self) -> bool:
        """Whether it ended too often in a row soon after its start, so that it is not started
        again.
        """
        return self.early_ends >= MOST_EARLY_ENDS

    def _close(self) -> None:
        """Close the pipe by which `run_with_parent` knows that this process still runs."""
        assert self.process.stdin
        self.process.stdin.close()

    def end(self) -> None:
        """Tell `run_with_parent` to end the program, without waiting until it has ended."""
        self._close()

    def wait(self) -> None:
        """Wait until the program has ended."""
        self.process.wait()
