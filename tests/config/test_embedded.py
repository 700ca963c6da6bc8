"""PostgreSQL and Redis of our own start with their first user and end with the last."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.processes import PATIENCE_SECONDS, lives, processes_of, until_gone

Start = Callable[..., "subprocess.Popen[str]"]

# Uses the servers as any command does, says so, and stays until its input ends.
USE = """
import sys, psycopg
from config.local import embedded, servers
def ask(query):
    where = {"host": servers.postgres_folder(), "dbname": "tael", "user": "tael"}
    with psycopg.connect(**where) as connection:
        return connection.execute(query).fetchone()[0]
embedded.ensure()
print("ready", flush=True)
"""
WAIT = "sys.stdin.read()\n"
WRITE = """ask("SELECT lo_from_bytea(4100, 'silver')")\n"""
READ = """print(ask("SELECT convert_from(lo_get(4100), 'UTF8')"))\n"""
FORK = """
import os
if os.fork() == 0:
    sys.exit()
os.wait()
print(ask("SELECT 'still here'"))
"""


def is_ready(process: "subprocess.Popen[str]") -> bool:
    """Whether the process says that it is ready."""
    assert process.stdout
    return process.stdout.readline() == "ready\n"


def output_of(process: "subprocess.Popen[str]") -> str:
    """All it says until it ends in order."""
    said, complaints = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, complaints
    return said


def postmaster(folder: Path) -> psutil.Process:
    """The process of the PostgreSQL in the folder."""
    return psutil.Process(int((folder / "postgres/postmaster.pid").read_text().split("\n")[0]))


def redis_server(folder: Path) -> psutil.Process:
    """The process of the Redis in the folder."""
    (found,) = (one for one in processes_of(folder) if "redis.sock" in " ".join(one.cmdline()))
    return found


@pytest.mark.full  # the next command stops them below, too
def test_two_commands_at_once_share_the_servers_and_the_last_one_stops_them(
    start: Start, data_folder: Path
) -> None:
    first, second = start("-c", USE + WAIT), start("-c", USE + WAIT + 'print(ask("SELECT 1"))')
    assert is_ready(first)
    assert is_ready(second)
    assert {process.pid for process in processes_of(data_folder)} == {
        postmaster(data_folder).pid,
        redis_server(data_folder).pid,
    }

    output_of(first)
    assert len(processes_of(data_folder)) == 2
    assert output_of(second) == "1\n"
    assert processes_of(data_folder) == []


@pytest.mark.full
def test_a_command_told_to_end_stops_the_servers(start: Start, data_folder: Path) -> None:
    command = start("-c", USE + WAIT)
    assert is_ready(command)

    command.send_signal(signal.SIGTERM)

    assert command.wait(60) == 128 + signal.SIGTERM
    assert processes_of(data_folder) == []


@pytest.mark.full
def test_the_end_of_a_forked_child_does_not_stop_its_parents_servers(start: Start) -> None:
    assert output_of(start("-c", USE + FORK)) == "ready\nstill here\n"


@pytest.mark.full  # servers that are left over are met by the next command below, too
def test_after_the_postmaster_was_killed_the_next_command_finds_the_data(
    start: Start, data_folder: Path
) -> None:
    user = start("-c", USE + WRITE + 'print("written", flush=True)\n' + WAIT)
    assert is_ready(user)
    assert user.stdout
    assert user.stdout.readline() == "written\n"

    postmaster(data_folder).kill()

    assert output_of(start("-c", USE + READ)) == "ready\nsilver\n"


@pytest.mark.full  # with its only user killed, below, it is so as well
def test_after_everything_was_killed_the_next_command_finds_the_data_and_stops_the_servers(
    start: Start, data_folder: Path
) -> None:
    assert output_of(start("-c", USE + WRITE)) == "ready\n"
    user = start("-c", USE + WAIT)
    assert is_ready(user)

    for process in (user, postmaster(data_folder), redis_server(data_folder)):
        process.kill()

    assert output_of(start("-c", USE + READ)) == "ready\nsilver\n"
    assert processes_of(data_folder) == []


def test_servers_whose_only_user_was_killed_are_stopped_by_the_next_command(
    start: Start, data_folder: Path
) -> None:
    user = start("-c", USE + WAIT)
    assert is_ready(user)
    before = postmaster(data_folder)

    user.kill()
    user.wait()

    assert lives(before)
    assert output_of(start("-c", USE)) == "ready\n"
    until_gone([before])
    assert processes_of(data_folder) == []
