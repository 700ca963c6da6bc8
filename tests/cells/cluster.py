"""A cluster of Citus, for the tests that are given one by TAEL_CITUS_URL.

That is the address of the coordinator, as a user who may make databases and extensions, and of a
database of it in which the other machines are registered. Each database of the tests is
made on all of them.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.local import servers
from tests.config import clusters

URL = os.environ.get("TAEL_CITUS_URL", "")
NODES = "SELECT nodename, nodeport FROM pg_dist_node ORDER BY groupid"
COORDINATOR = "SELECT citus_set_coordinator_host(%s, %s)"
ADD = "SELECT citus_add_node(%s, %s)"


def settings(name: str) -> dict[str, Any]:
    """Django's settings of this database of the coordinator's."""
    given = conninfo_to_dict(URL)
    return {
        "NAME": name,
        "HOST": given["host"],
        "PORT": str(given.get("port", "")),
        "USER": given.get("user", ""),
        "PASSWORD": given.get("password", ""),
    }


def machines() -> list[tuple[str, int]]:
    """Host and port of each machine, the coordinator first."""
    with psycopg.connect(URL) as known:
        return [(host, port) for host, port in known.execute(NODES).fetchall()]


def make(name: str, template: str, by: Sequence[tuple[str, int]] = ()) -> None:
    """Make a database on all machines, and have in it what is in this one of the tests' server. It
    knows its machines but for the coordinator by these hosts and ports, if any are given.
    """
    found = machines()
    for machine in found:
        with _on(machine) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{name}"')
        with _on(machine, name) as there:
            there.execute("CREATE EXTENSION citus")
    with _on(found[0], name) as coordinator:
        coordinator.execute(COORDINATOR, found[0])
        for machine in by or found[1:]:
            coordinator.execute(ADD, machine)
    _fill(name, template)


def drop(name: str) -> None:
    """Drop the database on all machines."""
    for machine in machines():
        with _on(machine) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _fill(name: str, template: str) -> None:
    """Fill the empty database of the cluster with the tables and rows of this template."""
    dumped = clusters.run("pg_dump", "--host", str(connection.settings_dict["HOST"]),
                          "--username", str(connection.settings_dict["USER"]), "--no-owner",
                          template)  # fmt: skip
    # The cluster's servers may be older than the one that says it.
    dumped = re.sub("^SET transaction_timeout.*$", "", dumped, flags=re.MULTILINE)
    program = servers._binaries() / "psql"
    done = subprocess.run(
        [program, make_conninfo(URL, dbname=name), "-qv", "ON_ERROR_STOP=1"], input=dumped,
        capture_output=True, text=True, check=False, env={"PATH": os.defpath, "LC_ALL": "C"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _on(machine: tuple[str, int], name: str = "postgres") -> psycopg.Connection[Any]:
    """A connection to this machine of the cluster."""
    address = make_conninfo(URL, dbname=name, host=machine[0], port=str(machine[1]))
    return psycopg.connect(address, autocommit=True)
