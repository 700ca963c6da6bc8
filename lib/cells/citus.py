"""Cells on a cluster of Citus: what is shared is on every machine, each cell's schema on one.

Citus sends a statement that asks for the tables of one schema to the machine that has it. It is
told by SET LOCAL which schema that is, as plain PostgreSQL is (lib.cells.connection), and hands
that on to the machine, since triggers there name their tables without a schema.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from lib import cells

# What the database must be set to: a trigger of a cell writes to that cell alone, and asks where
# its statement asked.
NEEDS = {"citus.enable_unsafe_triggers": "on", "citus.propagate_set_commands": "local"}
IS_THERE = "SELECT 1 FROM pg_extension WHERE extname = 'citus'"
ON_EVERY_MACHINE = """
SELECT relname FROM pg_dist_partition JOIN pg_class ON pg_class.oid = logicalrelid
WHERE partmethod = 'n' AND repmodel = 't' AND relnamespace = %s::regnamespace
"""
MACHINES = """
SELECT nodename, nodeport FROM pg_dist_node
WHERE isactive AND noderole = 'primary' AND shouldhaveshards ORDER BY nodename, nodeport
"""
# A cell's tables lie together; a schema without tables lies nowhere.
PLACES = """
SELECT DISTINCT nspname::text, nodename, nodeport
FROM pg_dist_schema placed JOIN pg_namespace ON pg_namespace.oid = placed.schemaid
JOIN pg_dist_partition part ON part.colocationid = placed.colocationid
JOIN pg_dist_shard shard ON shard.logicalrelid = part.logicalrelid
JOIN pg_dist_placement placement ON placement.shardid = shard.shardid
JOIN pg_dist_node node ON node.groupid = placement.groupid AND node.noderole = 'primary'
"""
ANSWERS = "SELECT citus_check_connection_to_node(%s, %s)"
CONNECTION_FAILED = "08"  # how the codes of such errors begin
COMMENTS = """
SELECT quote_ident(tgname), tgrelid::regclass::text, obj_description(oid, 'pg_trigger')
FROM pg_trigger WHERE NOT tgisinternal AND obj_description(oid, 'pg_trigger') IS NOT NULL
"""


class NotPossible(Exception):
    """A cell cannot be moved so; the message is a sentence that says why."""


@dataclass(frozen=True, order=True)
class Machine:
    """One of the machines of the cluster, by the name and port that the others know it by."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def is_there() -> bool:
    """Whether the database is the coordinator's of a cluster of Citus. One query."""
    with connection.cursor() as cursor:
        cursor.execute(IS_THERE)
        return cursor.fetchone() is not None


def machines() -> Sequence[Machine]:
    """Ask the database, which has to be a cluster's (`is_there`), for the machines that cells may
    lie on, in the order of their names.
    """
    with connection.cursor() as cursor:
        cursor.execute(MACHINES)
        return [Machine(*row) for row in cursor.fetchall()]


def places() -> Mapping[int, Machine]:
    """Ask the database, which has to be a cluster's (`is_there`), for the machine of each cell that
    is distributed, by the number of the cell.
    """
    with connection.cursor() as cursor:
        cursor.execute(PLACES)
        return {
            cells.number_of(schema): Machine(host, port)
            for schema, host, port in cursor.fetchall()
            if cells.NAME.fullmatch(schema)
        }


def is_of_another(error: OperationalError) -> bool:
    """Whether the error says that a machine of a cluster does not answer, while that of the cell
    that we are inside does. False outside of any cell, while a transaction is still open, and
    without a cluster. On a cluster it takes a few queries.
    """
    code = getattr(error.__cause__, "sqlstate", None) or ""
    if not cells.entered() or not code.startswith(CONNECTION_FAILED) or connection.in_atomic_block:
        return False
    if not connection.is_usable() or not connection.connection.is_distributed():
        return False
    where = places().get(cells.number())
    if where is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(ANSWERS, [where.host, where.port])
        return bool(cursor.fetchone()[0])


def distribute(shared: Sequence[str]) -> Sequence[int]:
    """Have the tables of these names, which all cells share, on every machine, and each cell on
    one. What is so already is left as it is. The database gets the settings that this takes
    (NEEDS). Returns the numbers of the cells that it distributed.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _set(cursor)
        cursor.execute(COMMENTS)
        comments = cursor.fetchall()
        cursor.execute(ON_EVERY_MACHINE, [cells.SHARED])
        there = {name for (name,) in cursor.fetchall()}
        for table in shared:
            if table not in there:
                cursor.execute("SELECT create_reference_table(%s)", [f'{cells.SHARED}."{table}"'])
        missing = sorted(set(cells.there()) - set(places()))
        for number in missing:
            cursor.execute("SELECT citus_schema_distribute(%s)", [cells.name_of(number)])
        # A table that is distributed is made anew, with its triggers and without what they are
        # commented with, by which the audit knows what is in them (rule 25.1).
        for trigger, table, comment in comments:
            cursor.execute(f"COMMENT ON TRIGGER {trigger} ON {table} IS %s", [comment])
    return missing


def move(number: int, to: Machine) -> None:
    """Move the cell with this number to another machine, while it is in use: what is written to it
    meanwhile waits at the end. Raises NotPossible for what is no cell of this cluster, no machine
    of it, or the cell's own machine.
    """
    where = places().get(number)
    if where is None:
        raise NotPossible(f"There is no cell {number} on a machine of this cluster.")
    if to not in machines():
        known = ", ".join(map(str, machines()))
        raise NotPossible(f"{to} is no machine of this cluster. There are {known}.")
    if to == where:
        raise NotPossible(f"Cell {number} is at {to}.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT citus_schema_move(%s, %s, %s)", [cells.name_of(number), to.host, to.port]
        )


def spread(number: int) -> None:
    """Move the cell with this number to the machine that has the fewest cells, if another than its
    own has fewer than it would leave there. Raises KeyError for what is no cell of this cluster.
    """
    where = places()
    counts = {machine: list(where.values()).count(machine) for machine in machines()}
    fewest = min(counts, key=lambda machine: (counts[machine], machine))
    if counts[fewest] < counts[where[number]] - 1:
        move(number, fewest)


def _set(cursor: CursorWrapper) -> None:
    """Give the database, and this connection to it, the settings that it needs."""
    cursor.execute("SELECT current_database()")
    (name,) = cursor.fetchone()
    for setting, value in NEEDS.items():
        cursor.execute(f'ALTER DATABASE "{name}" SET {setting} TO {value}')
        cursor.execute(f"SET {setting} TO {value}")
