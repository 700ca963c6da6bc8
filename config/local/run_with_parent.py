"""Runs a program that ends when its starter does: `python run_with_parent.py PROGRAM ARGUMENT…`.

The starter holds the other end of our standard input. The kernel closes it however the starter
ends, by `kill -9` too. Then the program is terminated, and after a while killed with all its
children.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

GRACE_SECONDS = 10


def main() -> int:
    """Run the program of the command line until it ends, or its starter does; signals to end are
    passed on to it, and processes that it leaves behind are killed. Returns its exit code, or 128 +
    the number of the signal that ended it.
    """
    program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: program.send_signal(number))
    threading.Thread(target=_end_with_starter, args=(program,), daemon=True).start()
    code = program.wait()
    # Workers of a program that was killed would live on.
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    return code if code >= 0 else 128 - code


def _end_with_starter(program: "subprocess.Popen[bytes]") -> None:
    # Not sys.stdin: Python could not end while a thread waits in there.
    """Wait until the starter has ended, and then tell the program to end; kill it if it has not
    ended after GRACE_SECONDS.
    """
    while os.read(sys.stdin.fileno(), 1024):
        pass
    program.terminate()
    try:
        program.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        program.kill()


if __name__ == "__main__":
    sys.exit(main())
