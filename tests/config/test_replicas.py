"""How far behind a replica may be that answers pages."""

from types import SimpleNamespace

import pytest

from config import replicas

LOG = ["0/100", "0/200", "0/300", "0/400", "0/500", "0/600", "0/700", "0/800", "0/900"]


def test_after_an_idle_time_no_replica_counts_as_up_to_date_that_is_older_than_5_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    log = iter(LOG)
    monkeypatch.setattr("config.replicas.time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr("config.replicas._written_up_to", lambda: next(log))
    primary, seen = replicas.Sampled(), []
    for seconds in (0.0, 0.5, 1.0, 2.0, 3.5, 5.0, 5.5, 6.0):
        now = 1000.0 + seconds
        seen.append((seconds, primary.seen()))
    # What it had come to 5 seconds ago at most, of samples that are a second apart at least.
    assert seen == [
        *((0.0, "0/100"), (0.5, "0/100"), (1.0, "0/100"), (2.0, "0/100"), (3.5, "0/100")),
        *((5.0, "0/100"), (5.5, "0/200"), (6.0, "0/200")),
    ]
    # Nobody asks for a night: then the log counts as far as it has come by now.
    now = 40_000.0
    assert primary.seen() == "0/700"
    now = 40_004.0
    assert primary.seen() == "0/700"
    now = 40_006.0
    assert primary.seen() == "0/800"
