"""Migrations since the version before lock nothing for long, so that its web servers go on."""

from collections.abc import Iterator

import pytest
from django.contrib.postgres import operations as postgres
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from lib import migrating
from tests.config.migration_locks import complaints

# The last migrations of the version that is upgraded from (tests/config/old_version.py).
BEFORE = {
    "billing": "0004_parties",
    "config": "0001_roles",
    "credit": "0002_policies",
    "gateway": "0002_initial",
    "jobs": "0002_initial",
    "merchants": "0001_initial",
    "notices": "0001_initial",
    "trail": "0001_initial",
}
EXCUSED = {
    "billing.0006_rest_tax": "inserts one fee",
    "config.0002_tax": "writes the permissions of our roles, a few hundred rows",
    "config.0003_journal": "likewise",
    "config.0004_clearances": "likewise",
    "config.0005_banks": "likewise",
    "config.0006_bank_files": "likewise",
    "config.0007_differences": "likewise",
    "billing.0013_other_sides": "encrypts lines, of which the version before has none",
}


def since_then() -> Iterator[tuple[str, list[str]]]:
    """Each migration that is newer, and what is wrong with it."""
    graph = MigrationLoader(None).graph
    begun = dict.fromkeys(key for leaf in BEFORE.items() for key in graph.forwards_plan(leaf))
    whole = dict.fromkeys(key for leaf in graph.leaf_nodes() for key in graph.forwards_plan(leaf))
    state = ProjectState()
    for key in begun:
        state = graph.nodes[key].mutate_state(state, preserve=False)
    known = frozenset(state.models)
    for app, name in (key for key in whole if key not in begun):
        migration = graph.nodes[app, name]
        if app in BEFORE:
            yield (
                f"{app}.{name}",
                complaints(app, migration.operations, state, known, is_atomic=migration.atomic),
            )
        else:
            migration.mutate_state(state, preserve=False)


def test_no_migration_since_the_version_before_keeps_those_waiting_who_trade() -> None:
    found = dict(since_then())
    assert {"billing.0005_tax", "credit.0004_undelivered"} <= found.keys()
    assert {name: said for name, said in found.items() if said and name not in EXCUSED} == {}
    # Excused is what needs it, and nothing else about it.
    assert {name: len(found[name]) for name in EXCUSED} == dict.fromkeys(EXCUSED, 1)


INDEX = models.Index(fields=["amount"], name="by_amount")
CHECK = models.CheckConstraint(condition=models.Q(amount__gt=0), name="is_more_than_nothing")
UNIQUE = models.UniqueConstraint(fields=["amount"], name="one_of_each")
REFUSED: dict[str, list[Operation]] = {
    "builds an index of shop.charge under a lock": [migrations.AddIndex("charge", INDEX)],
    "reads all of shop.charge under a lock": [migrations.AddConstraint("charge", CHECK)],
    "shop.charge.note has no db_default": [
        migrations.AddField("charge", "note", models.CharField(max_length=9, default=""))
    ],
    "shop.charge.fee builds its index": [
        migrations.AddField("charge", "fee", models.ForeignKey("fee", models.PROTECT, null=True))
    ],
    "shop.charge.amount gets another type": [
        migrations.AlterField("charge", "amount", models.BigIntegerField(null=True))
    ],
    "shop.charge.amount is no longer null": [
        migrations.AlterField("charge", "amount", models.IntegerField())
    ],
    "takes away what the version before reads: Remove field amount": [
        migrations.RemoveField("charge", "amount")
    ],
    "takes away what the version before reads: Delete model": [migrations.DeleteModel("charge")],
    "takes away what the version before reads: Rename model": [
        migrations.RenameModel("charge", "cost")
    ],
    "does what nobody can read here": [migrations.RunSQL("UPDATE shop_charge SET amount = 1")],
    "shop.charge stays locked while Django thinks": [
        migrations.AddField("charge", "paid", models.IntegerField(null=True)),
        migrations.AddField("charge", "free", models.IntegerField(null=True)),
    ],
    "shop.fee stays locked while Django thinks": [
        migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddField("note", "fee", models.ForeignKey("shop.fee", models.PROTECT)),
        migrations.AddField("note", "text", models.TextField(null=True)),
    ],
}
TAKEN: list[list[Operation]] = [
    [migrating.AddIndexConcurrently("charge", INDEX)],
    [postgres.AddConstraintNotValid("charge", CHECK)],
    [migrations.AlterField("charge", "name", models.CharField(max_length=99))],
    [migrations.AddField("charge", "note", models.CharField(max_length=9, db_default=""))],
    [
        migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddField("note", "text", models.TextField(unique=True)),
        migrations.AddIndex("note", models.Index(fields=["text"], name="by_text")),
    ],
]


def said_of(operations: list[Operation]) -> list[str]:
    """What is wrong with them where the version before has charges and fees."""
    state = ProjectState()
    key = ("id", models.BigAutoField(primary_key=True))
    amount, name = models.IntegerField(null=True), models.CharField(max_length=9)
    state.add_model(ModelState("shop", "Charge", [key, ("amount", amount), ("name", name)]))
    state.add_model(ModelState("shop", "Fee", [key]))
    return complaints("shop", operations, state, frozenset(state.models), is_atomic=True)


def test_what_would_keep_others_waiting_is_named_and_what_would_not_is_taken() -> None:
    for sentence, operations in REFUSED.items():
        (said,) = said_of(operations)
        assert said.startswith(sentence)
    assert [said_of(operations) for operations in TAKEN] == [[]] * len(TAKEN)
    together = REFUSED["shop.charge stays locked while Django thinks"]
    assert said_of([migrating.Briefly(together)]) == []
    with pytest.raises(TypeError, match="put it into a migration of its own"):
        migrating.Briefly([migrations.RunPython(migrations.RunPython.noop)])
