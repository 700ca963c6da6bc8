"""A replay killed with `kill -9`, wherever it was, goes on when it is started again."""

import signal
from functools import partial
from pathlib import Path

import pytest

from gateway.models import Replay
from tests import event_files, forked
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

WEEK, MONTH = "2026-11-08T00:00:00+00:00", "2026-12-05T00:00:00+00:00"


def replay_killed_after(statements: int, path: Path, until: str) -> int | None:
    """Replay the file in another process, which kills itself after so many statements. Returns its
    exit code.
    """
    return forked.killed_before(statements, partial(event_files.replay, path, until=until))


@pytest.mark.parametrize(("until", "statements", "kills"), [(WEEK, 400, 1), *full((MONTH, 400, 3))])
def test_killed_again_and_again_it_ends_in_the_same_books(
    tmp_path: Path, until: str, statements: int, kills: int
) -> None:
    path = event_files.write(tmp_path / "events.jsonl", event_files.a_month())
    uninterrupted = event_files.undone(lambda: event_files.replay(path, until=until))
    assert replay_killed_after(40, path, until) == -signal.SIGKILL
    done = []
    while (code := replay_killed_after(statements, path, until)) == -signal.SIGKILL:
        done.append(Replay.objects.get().events_done)
        assert len(done) < 20  # each gets further than the one before
    assert code == 0
    assert len(set(done)) >= kills
    assert event_files.everything() == uninterrupted
