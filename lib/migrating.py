"""Operations of migrations that keep nobody waiting who trades meanwhile.

A lock on a table that is waited for holds up all who come later, readers too, and one that is held
holds them up until the transaction ends. So a migration of a version that others run beside takes
its locks once, late and shortly (Briefly), and builds indexes without any (the rest of these). What
`manage.py migrate` does about it stands in config/management/commands/migrate.py.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres import operations as postgres
from django.db import models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddConstraint, AddIndex, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# Less than PostgreSQL's deadlock_timeout of a second: whoever is in a knot with a migration is let
# through, and the migration is what gives way.
LOCK_MILLISECONDS = 800


class Briefly(Operation):
    """Operations that are one transaction, with locks as short as can be.

    What Django does between two statements, which is to draw all models anew, takes a busy machine
    seconds. So the statements are worked out first, before anything is locked, and then sent one
    after the other. Of their locks they wait for all together LOCK_MILLISECONDS, or they fail.

    In a migration with `atomic = False`, where other operations may fail after this one was
    committed, it is done already if the first table that it creates is there.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        """Raises TypeError if one of them runs Python, or cannot be told in SQL otherwise."""
        for operation in operations:
            if not operation.reduces_to_sql:
                raise TypeError(f"{operation} is no SQL: put it into a migration of its own.")
        self.operations = list(operations)

    def describe(self) -> str:
        """The sentence that `migrate` prints of it: the descriptions of its operations."""
        return "In one short transaction: " + "; ".join(one.describe() for one in self.operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [self.operations], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Apply what the operations change of the models to `state`, in their order."""
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Carry out all operations in one transaction, with SQL that is made before it begins;
        nothing if they are done already, unless a transaction is open. `sqlmigrate` is only given
        the SQL.
        """
        connection = schema_editor.connection
        if schema_editor.collect_sql:
            schema_editor.collected_sql += self._statements(app_label, connection, from_state)
        elif connection.in_atomic_block or not self._is_done(app_label, connection, to_state):
            statements = self._statements(app_label, connection, from_state)
            with transaction.atomic(connection.alias):
                _send(connection, statements)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Undo the operations, last to first, in one transaction. Here the locks are waited for as
        usual, and held while models are drawn anew.
        """
        states = [to_state.clone()]
        for operation in self.operations:
            states.append(states[-1].clone())
            operation.state_forwards(app_label, states[-1])
        with transaction.atomic(schema_editor.connection.alias):
            for place in reversed(range(len(self.operations))):
                before, after = states[place : place + 2]
                self.operations[place].database_backwards(app_label, schema_editor, after, before)

    def _statements(
        self, app_label: str, connection: BaseDatabaseWrapper, from_state: ProjectState
    ) -> list[str]:
        """The SQL of the operations, which begin at this state; nothing of it has been sent."""
        state = from_state.clone()
        with connection.schema_editor(collect_sql=True, atomic=False) as collecting:
            for operation in self.operations:
                before = state.clone()
                operation.state_forwards(app_label, state)
                operation.database_forwards(app_label, collecting, before, state)
        return [str(statement) for statement in collecting.collected_sql]

    def _is_done(
        self, app_label: str, connection: BaseDatabaseWrapper, to_state: ProjectState
    ) -> bool:
        """Whether the first table that these operations create exists, and with it everything that
        they do, as they are one transaction; True, too, if a router keeps the tables in another
        database. Raises TypeError if they create no table, so that nobody could tell.
        """
        created = [one for one in self.operations if isinstance(one, CreateModel)]
        if not created:
            raise TypeError("Where a migration is not atomic, Briefly has to create a table.")
        models = [to_state.apps.get_model(app_label, one.name) for one in created]
        ours = [model for model in models if router.allow_migrate_model(connection.alias, model)]
        with connection.cursor() as cursor:
            there = set(connection.introspection.table_names(cursor))
        return not ours or ours[0]._meta.db_table in there


def _send(connection: BaseDatabaseWrapper, statements: Sequence[str]) -> None:
    """Execute the statements one after the other in the open transaction. They may wait for locks
    for LOCK_MILLISECONDS, all of them together; the database then raises an error.
    """
    ends = time.monotonic() + LOCK_MILLISECONDS / 1000
    with connection.cursor() as cursor:
        for statement in statements:
            left = max(round((ends - time.monotonic()) * 1000), 1)
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{left}ms"])
            cursor.execute(statement, None)


class AddIndexConcurrently(postgres.AddIndexConcurrently):
    """Django's, which may be begun again: an index that is there is left, and what an interrupted
    build has left is built anew.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build the index without locking the table, unless it is there and valid. What an
        interrupted build has left of it is dropped first, so a migration that failed can be run
        again as it is. Does nothing if a router keeps the table in another database. Raises
        NotSupportedError in a transaction, even if there is nothing to do.
        """
        self._ensure_not_in_transaction(schema_editor)
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        _build_index(schema_editor, model, self.index)


class ReplaceIndexConcurrently(postgres.NotInTransactionMixin, AddIndex):
    """Takes an index in the place of another one with its name, which is used until the new one is
    there. It may be begun again.
    """

    atomic = False

    def describe(self) -> str:
        """The sentence that `migrate` prints of it: which index it replaces."""
        return f"Concurrently replace index {self.index.name} of model {self.model_name}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Take the index of this name off the model in `state`, and add the new one after its other
        indexes. Nothing is asked of the database.
        """
        state.remove_index(app_label, self.model_name_lower, self.index.name)
        state.add_index(app_label, self.model_name_lower, self.index)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build the new index under a name of its own, drop the old one, and rename the new one to
        it, without locking the table. Raises NotSupportedError in a transaction.
        """
        self._ensure_not_in_transaction(schema_editor)
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        name = self.index.name
        wanted = to_state.models[app_label, self.model_name_lower].get_index_by_name(name).clone()
        wanted.name = f"{name[:26]}_new"
        _build_index(schema_editor, model, wanted)
        old, new = schema_editor.quote_name(name), schema_editor.quote_name(wanted.name)
        with _waiting_for_others(schema_editor.connection):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {old}", None)
        schema_editor.execute(f"ALTER INDEX {new} RENAME TO {old}", None)

    # Back is the same: the index that the earlier state has by this name.
    database_backwards = database_forwards


class ReplaceUniqueConcurrently(postgres.NotInTransactionMixin, AddConstraint):
    """Takes a constraint that some fields are unique together in the place of another one, which
    holds until the new one does. Its index is built without a lock. It may be begun again.
    """

    atomic = False

    def __init__(self, model_name: str, constraint: models.UniqueConstraint, replaced: str) -> None:
        """`replaced` is the other one's name. Raises TypeError if the constraint has conditions or
        the like, for which Django makes an index and no constraint.
        """
        _, _, self.given = constraint.deconstruct()
        if self.given.keys() - {"fields", "name", "nulls_distinct"}:
            raise TypeError("ReplaceUniqueConcurrently knows fields and nulls_distinct alone.")
        super().__init__(model_name, constraint)
        self.replaced = replaced

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        given = {"constraint": self.constraint, "replaced": self.replaced}
        return self.__class__.__name__, [self.model_name], given

    def describe(self) -> str:
        """The sentence that `migrate` prints of it: which constraint it replaces."""
        return f"Concurrently replace constraint {self.replaced} of model {self.model_name}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Take the replaced constraint off the model in `state`, and add the new one after its
        other constraints. Nothing is asked of the database.
        """
        state.remove_constraint(app_label, self.model_name_lower, self.replaced)
        super().state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build the new constraint's index without locking the table, then drop the old
        constraint and add the new one in one statement. What an interrupted build has left of
        the index is dropped first, so a migration that failed can be run again as it is. If the
        table has the new constraint already, nothing is done. Raises NotSupportedError in a
        transaction, even if there is nothing to do.
        """
        self._ensure_not_in_transaction(schema_editor)
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        table, name = model._meta.db_table, self.constraint.name
        with schema_editor.connection.cursor() as cursor:
            if _is_constraint(cursor, table, name):
                return
        quoted, on = schema_editor.quote_name(name), schema_editor.quote_name(table)
        columns = ", ".join(
            schema_editor.quote_name(model._meta.get_field(field).column)
            for field in self.given["fields"]
        )
        nulls = " NULLS NOT DISTINCT" if self.given.get("nulls_distinct") is False else ""
        create = f"CREATE UNIQUE INDEX CONCURRENTLY {quoted} ON {on} ({columns}){nulls}"
        _build(schema_editor, name, create)
        replaced = schema_editor.quote_name(self.replaced)
        schema_editor.execute(
            f"ALTER TABLE {on} DROP CONSTRAINT IF EXISTS {replaced},"
            f" ADD CONSTRAINT {quoted} UNIQUE USING INDEX {quoted}",
            None,
        )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Put the replaced constraint back into the place of the new one; this locks the table
        while its index is built.
        """
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        before = to_state.models[app_label, self.model_name_lower]
        schema_editor.remove_constraint(model, self.constraint)
        schema_editor.add_constraint(model, before.get_constraint_by_name(self.replaced))


def _build_index(
    schema_editor: BaseDatabaseSchemaEditor, model: type[models.Model], index: models.Index
) -> None:
    """Build this index of the model's table (`_build`), unless it is there and valid."""
    create = index.create_sql(model, schema_editor, concurrently=True)
    _build(schema_editor, index.name, str(create))


def _build(schema_editor: BaseDatabaseSchemaEditor, name: str, create: str) -> None:
    """Build the index with this name by the statement `create`, a CREATE INDEX CONCURRENTLY, unless
    it is there and valid. What is left of a build that was interrupted is dropped before.
    """
    connection, quoted = schema_editor.connection, schema_editor.quote_name(name)
    is_there = None
    if not schema_editor.collect_sql:
        with connection.cursor() as cursor:
            asked = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
            cursor.execute(asked, [quoted])
            (is_there,) = cursor.fetchone() or (None,)
    with _waiting_for_others(connection):
        if is_there is False:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quoted}", None)
        if not is_there:
            schema_editor.execute(create, None)


def _is_constraint(cursor: Any, table: str, name: str) -> bool:
    """Ask the database whether the table has a constraint with this name, and not an
    index alone.
    """
    cursor.execute(
        "SELECT FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname = %s",
        [f'"{table}"', name],
    )
    return cursor.fetchone() is not None


@contextmanager
def _waiting_for_others(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Lift the limit on waiting for locks while the block runs: building an index concurrently
    waits for the transactions that were there before it, and nobody waits for it meanwhile. If the
    block raises, the limit stays lifted.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (usual,) = cursor.fetchone()
        cursor.execute("SET lock_timeout = 0")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [usual])
