"""What migrations may do to tables that the version before reads and writes meanwhile.

Each locks a table for a moment at most: nothing that reads all rows of a large one while others
wait, nothing that goes on to think while it holds a lock, and nothing that the version before would
miss. `lib.migrating` has the operations to do it with.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pgtrigger.migrations as triggers
from django.contrib.postgres import operations as postgres
from django.db import connection, models
from django.db.migrations import operations as django
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

from lib import migrating

# Tables that are small for ever, so that all of one is read in no time.
SMALL = {
    "billing.fee": "a fee is written by a migration or an operator",
    "billing.issuer": "a legal entity of ours",
    "billing.numberseries": "one row for each issuer and year",
    "credit.creditpolicy": "a version takes two people",
    "credit.payoutdestination": "a few of each merchant",
    "gateway.apikey": "an administrator makes each",
    "gateway.webhookendpoint": "an administrator adds each",
    "merchants.installation": "one row",
    "merchants.operatorpolicy": "a version takes two people",
    "merchants.timezonedata": "one row",
}
# Built or checked without a lock that anybody waits for.
PATIENT = (
    migrating.AddIndexConcurrently,
    migrating.ReplaceIndexConcurrently,
    migrating.ReplaceUniqueConcurrently,
    postgres.RemoveIndexConcurrently,
)
MISSED = (
    django.RemoveField,
    django.DeleteModel,
    django.RenameField,
    django.RenameModel,
    django.AlterModelTable,
)
# Nothing in the database, or tables that nobody knows yet.
HARMLESS = (
    django.CreateModel,
    django.AlterModelOptions,
    django.AlterModelManagers,
    django.AlterModelTableComment,
)
# A lock for the moment in which the catalogue is changed.
SHORT = (
    django.RemoveIndex,
    django.RenameIndex,
    django.RemoveConstraint,
    django.AlterConstraint,
    postgres.AddConstraintNotValid,
    triggers.AddTrigger,
    triggers.RemoveTrigger,
)

Known = frozenset[tuple[str, str]]


def complaints(
    app: str,
    operations: Sequence[Operation],
    state: ProjectState,
    known: Known,
    *,
    is_atomic: bool,
) -> list[str]:
    """What is wrong with these operations of a migration, in sentences. They begin at this state,
    which is changed; `known` are the models that the version before has, as (app, model).
    """
    found: list[str] = []
    locked = ""
    for operation in operations:
        parts = operation.operations if isinstance(operation, migrating.Briefly) else [operation]
        if locked and is_atomic:
            found.append(f"{locked} stays locked while Django thinks of the next: Briefly([...])")
            locked = ""
        for part in parts:
            found += _of_one(app, part, state, known)
            if part is operation:
                locked = _locked(app, part, known)
            part.state_forwards(app, state)
    return found


def _model(operation: Operation) -> str:
    """The name of the model that the operation is about, in small letters."""
    named = getattr(operation, "model_name", "") or getattr(operation, "name", "")
    return str(named).lower()


def _locked(app: str, operation: Operation, known: Known) -> str:
    """The table that the version before has and that this locks, as app.model; "" without one."""
    if isinstance(operation, (*PATIENT, *HARMLESS)):
        return ""
    if (app, _model(operation)) in known:
        return f"{app}.{_model(operation)}"
    remote = isinstance(operation, django.AddField) and operation.field.remote_field
    if remote:
        # A new table's foreign key locks the table that it leads to.
        other = str(remote.model).lower()
        if tuple(other.split(".")) in known:
            return other
    return ""


def _of_one(app: str, operation: Operation, state: ProjectState, known: Known) -> Iterator[str]:
    """What is wrong with one operation, before which the models are as in this state."""
    label = f"{app}.{_model(operation)}"
    is_small = label in SMALL
    match operation:
        case django.RunPython() | django.RunSQL() | django.SeparateDatabaseAndState():
            yield "does what nobody can read here: name it among EXCUSED, with the reason"
        case _ if (app, _model(operation)) not in known:
            pass  # the version before knows nothing of it, and it is empty
        case _ if isinstance(operation, MISSED):
            yield f"takes away what the version before reads: {operation.describe()}"
        case _ if isinstance(operation, (*PATIENT, *HARMLESS, *SHORT)):
            pass
        case django.AddIndex() if not is_small:
            yield f"builds an index of {label} under a lock: AddIndexConcurrently"
        case django.AddConstraint() if not is_small:
            yield f"reads all of {label} under a lock: AddConstraintNotValid, then validate"
        case django.AddIndex() | django.AddConstraint():
            pass
        case django.AddField(field=field):
            yield from _of_column(label, operation.name, field, is_small=is_small)
        case django.AlterField(field=field):
            before = state.models[app, _model(operation)].fields[operation.name]
            yield from _of_change(label, operation.name, before, field, is_small=is_small)
        case postgres.ValidateConstraint():
            yield f"validates a constraint of {label}: in a migration of its own, among EXCUSED"
        case _:
            yield f"is an operation that nobody has thought about: {operation.describe()}"


def _of_column(label: str, name: str, field: Any, *, is_small: bool) -> Iterator[str]:
    """Yields what is wrong with adding this column while the version before runs, or what it locks
    for long.
    """
    if isinstance(field, models.ManyToManyField):
        return
    default = field.db_default
    if not field.null and default is NOT_PROVIDED:
        yield f"{label}.{name} has no db_default: the version before cannot insert"
    if not isinstance(default, models.Value) and hasattr(default, "resolve_expression"):
        yield f"{label}.{name} may be computed anew for each row: a literal db_default"
    if isinstance(field, models.GeneratedField):
        yield f"{label}.{name} is computed for each row under a lock"
    if (field.db_index or field.unique) and not is_small:
        yield f"{label}.{name} builds its index under a lock: db_index=False, AddIndexConcurrently"


def _of_change(label: str, name: str, before: Any, after: Any, *, is_small: bool) -> Iterator[str]:
    """Yields what is wrong with changing this column while the version before runs, or what it
    locks for long.
    """
    if before.is_relation or after.is_relation:
        is_same = before.is_relation == after.is_relation and (
            before.remote_field.model == after.remote_field.model
        )
    else:
        old, new = before.db_parameters(connection), after.db_parameters(connection)
        is_same = old["type"] == new["type"] or _is_wider(before, after)
    if not is_same:
        yield f"{label}.{name} gets another type: all rows are written anew"
    if before.null and not after.null:
        yield f"{label}.{name} is no longer null: all rows are read under a lock"
    is_new_index = (after.db_index or after.unique) and not (before.db_index or before.unique)
    if is_new_index and not is_small:
        yield f"{label}.{name} builds its index under a lock: AddIndexConcurrently"


def _is_wider(before: Any, after: Any) -> bool:
    """Whether it is a text that may be longer: nothing is written for that."""
    if not isinstance(before, models.CharField):
        return False
    longest = getattr(after, "max_length", None)
    is_text = isinstance(after, models.CharField | models.TextField)
    return is_text and (longest is None or (before.max_length or 0) <= longest)
