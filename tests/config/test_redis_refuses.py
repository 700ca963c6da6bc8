"""A Redis that refuses its options is told in a sentence, as every server that does not start."""

from pathlib import Path

import pytest

from config.local import servers

REFUSING = """#!/bin/sh
echo "*** FATAL CONFIG FILE ERROR ***"
echo "Bad directive or wrong number of arguments" >&2
exit 1
"""


def test_a_redis_that_refuses_its_options_is_named_with_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "redis-server"
    program.parent.mkdir()
    program.write_text(REFUSING)
    program.chmod(0o700)
    monkeypatch.setattr(servers, "_package", lambda name: tmp_path)
    monkeypatch.setattr(servers, "_redis_folder", lambda: tmp_path / "redis")
    monkeypatch.setattr(servers, "_ask_redis", lambda command: b"")
    with pytest.raises(servers.ServerDidNotStart) as refusal:
        servers.start_redis()
    assert str(refusal.value) == (
        "Redis: *** FATAL CONFIG FILE ERROR *** Bad directive or wrong number of arguments"
    )
