"""Which tables are shared and which are a cell's, and that each cell's are like the first one's."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, migrations, models, router, transaction
from django.db.migrations.state import ProjectState
from django.db.models import ForeignKey

from config.cells import migrating, tables
from config.cells.migrating import OneSide
from config.local import servers
from credit.models import Order
from lib import cells, pooled
from merchants.models import Merchant
from tests import shops
from tests.cells.conftest import asked

pytestmark = pytest.mark.django_db


def test_every_model_is_shared_or_a_cells() -> None:
    ours = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy and model._meta.app_label not in tables.OF_OTHERS
    }
    assert ours == tables.SHARED | tables.OF_CELLS
    assert not tables.SHARED & tables.OF_CELLS
    assert tables.is_of_cells("credit", "order")
    assert not tables.is_of_cells("merchants", "merchant")
    assert not tables.is_of_cells("auth", "group")
    with pytest.raises(tables.Undecided, match=r"whether credit\.basket is shared or a cell's"):
        tables.is_of_cells("credit", "basket")


def test_no_foreign_key_leads_from_what_is_shared_to_a_cell() -> None:
    wrong = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label not in tables.OF_CELLS and not model._meta.proxy
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey) and field.related_model._meta.label in tables.OF_CELLS
    ]
    assert wrong == []


def dumped(number: int) -> str:
    """What pg_dump says of a cell, with its schema and where its keys begin left out."""
    given = connection.settings_dict
    program = servers._binaries() / "pg_dump"
    asked_for = [f"--schema={cells.name_of(number)}", "--schema-only", "--no-owner"]
    done = subprocess.run(
        [program, f"--host={given['HOST']}", f"--username={given['USER']}", *asked_for,
         given["NAME"]],
        capture_output=True, text=True, check=True, env={"PATH": os.defpath, "LC_ALL": "C"},
    )  # fmt: skip
    said = re.sub(rf"\bcell_{number}\b", "cell_N", done.stdout)
    # What was read from what is written is written with other brackets, and other casts of texts.
    said = re.sub(r"[()]", "", said)
    said = said.replace("::character varying::text", "::character varying").replace(
        "]::text[]", "]"
    )
    said = re.sub(r"^\\(un)?restrict .*$", "", said, flags=re.MULTILINE)
    start = rf"START WITH ({number * cells.KEYS + 1}|1)$"
    return re.sub(start, "START WITH N", said, flags=re.MULTILINE)


def test_a_cell_is_like_the_first_one_to_the_letter(two_cells: None) -> None:
    assert cells.numbers() == [1, 2]
    first, second = dumped(1), dumped(2)
    assert second == first
    for part in ("CREATE TABLE cell_N.credit_order ", "START WITH N", "CREATE INDEX order_",
                 "FOREIGN KEY merchant_id REFERENCES public.merchants_merchantid",
                 "REFERENCES cell_N.credit_creditlinemerchant_id", "EXECUTE FUNCTION cell_N.",
                 "COMMENT ON TRIGGER", "limit_not_negative"):  # fmt: skip
        assert part in first
    starts = (
        "SELECT sequencename FROM pg_sequences WHERE schemaname = 'cell_2' AND start_value <> %s"
    )
    assert asked(starts, 2 * cells.KEYS + 1) == [("django_migrations_id_seq",)]
    # And to what is shared there is no second one.
    shared = {
        name for (name,) in asked("SELECT tablename FROM pg_tables WHERE schemaname='public'")
    }
    assert not shared & set(tables.of_cells())
    assert {"merchants_merchant", "trail_trailentry", "django_session"} <= shared
    with pytest.raises(CommandError, match="The books are in cells already"):
        call_command("cells", "begin")
    with pytest.raises(CommandError, match="There is a cell 2"):
        call_command("cells", "add", "2")


def test_books_of_before_are_in_the_first_cell_and_new_keys_name_their_cell(
    two_cells: None,
) -> None:
    one, other = (shops.join("2026-11-02 09:00", reference=name) for name in ("one", "other"))
    for shop in (one, other):
        assert shop.place("2026-11-02 10:00", "A-1", "12.50") == "applied"
    assert not pooled.by_transaction()  # so web servers' statements are bounded there, too
    where = dict(Merchant.objects.values_list("reference", "cell"))
    assert where == {one.reference: 1, other.reference: 2}
    absent = pytest.raises(DatabaseError, match='relation "credit_order" does not exist')
    with absent, transaction.atomic():
        Order.objects.count()
    for shop, number in ((one, 1), (other, 2)):
        with cells.at(number):
            order = Order.objects.get()
            assert order.line.merchant.reference == shop.reference
            assert cells.of_key(order.pk) == number
    assert order.pk > 2 * cells.KEYS


def test_the_apps_role_may_do_in_a_cell_what_it_may_do_elsewhere(two_cells: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute((Path(settings.BASE_DIR) / "deploy" / "roles.sql").read_text())
        cursor.execute("SET LOCAL ROLE tael_app")
    shop = shops.join("2026-11-02 09:00")
    with cells.at(2):
        other = shops.join("2026-11-02 09:00", reference="other")
    for one in (shop, other):
        assert one.place("2026-11-02 10:00", "A-1", "12.50") == "applied"
    refused = pytest.raises(DatabaseError, match="permission denied for table credit_limitentry")
    with refused, transaction.atomic():
        asked("DELETE FROM cell_2.credit_limitentry")
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    rights = "SELECT table_name, privilege_type FROM information_schema.table_privileges"
    granted = f"{rights} WHERE grantee = 'tael_app' AND table_schema = %s"
    assert len(asked(granted, "cell_2")) > 100
    assert sorted(asked(granted, "cell_1")) == sorted(asked(granted, "cell_2"))


def test_operations_of_migrations_act_on_what_is_shared_or_on_each_cell(
    two_cells: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "routers", [OneSide()])
    added = [
        ("credit", migrations.AddField("order", "colour", models.TextField(db_default=""))),
        ("merchants", migrations.AddField("merchant", "colour", models.TextField(db_default=""))),
        ("credit", migrations.RunSQL("CREATE TABLE once ()")),
        ("credit", migrations.RunSQL("CREATE TABLE by_cell ()", hints={"of_cells": True})),
    ]
    before = ProjectState.from_apps(apps)
    for side in (migrating.shared(), migrating.cell(1), migrating.cell(2)):
        with side, connection.schema_editor(atomic=False) as editor:
            for app_label, operation in added:
                after = before.clone()
                operation.state_forwards(app_label, after)
                operation.database_forwards(app_label, editor, before, after)
    columns = "SELECT table_schema, table_name FROM information_schema.columns"
    assert sorted(asked(f"{columns} WHERE column_name = 'colour'")) == [
        ("cell_1", "credit_order"), ("cell_2", "credit_order"), ("public", "merchants_merchant")
    ]  # fmt: skip
    made = "SELECT schemaname, tablename FROM pg_tables WHERE tablename IN ('once', 'by_cell')"
    assert sorted(asked(made)) == [("cell_1", "by_cell"), ("cell_2", "by_cell"), ("public", "once")]


@pytest.mark.full
def test_migrating_goes_back_and_forth_in_what_is_shared_and_in_each_cell(
    two_cells_kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router, "routers", [OneSide()])
    before = [dumped(1), dumped(2)]
    call_command("migrate", "billing", "0011", verbosity=0)
    call_command("migrate", "merchants", "0001", verbosity=0)
    for number in (1, 2):
        assert "billing_providerpayout" not in dumped(number)
    call_command("migrate", verbosity=0)
    assert [dumped(1), dumped(2)] == before
    applied = "SELECT count(*) FROM {}.django_migrations"
    assert len({asked(applied.format(name))[0] for name in ("public", "cell_1", "cell_2")}) == 1
