"""Who is on the other side of a bank's lines is kept encrypted from here on (rule 29.27). What stood
in plain text goes with the next migration.
"""

import json

import pgtrigger.migrations
from django.db import migrations, models

import lib.fields
from billing.models import other_sides
from lib import secrets


def encrypt(apps, schema_editor):
    lines = apps.get_model("billing", "BankLine").objects
    for line in lines.order_by("pk").iterator(chunk_size=500):
        side = other_sides.OtherSide(line.other_name, line.other_account, line.text)
        if not side:
            continue
        place = f"billing.bankline.other_side statement_id={line.statement_id} number={line.number}"
        content = json.dumps(
            {"name": side.name, "account": side.account, "text": side.text}, ensure_ascii=False
        )
        lines.filter(pk=line.pk).update(
            other_side=secrets.encrypt(content.encode(), bound_to=place),
            other_account_mark=other_sides.account_marks(side.account)[0],
            other_name_mark=other_sides.name_marks(side.name)[0],
        )


class Migration(migrations.Migration):
    dependencies = [("billing", "0012_provider_payouts")]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="bankline",
            name="bank_line_says_what_the_bank_said",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="bankline",
            name="bank_line_is_booked_once",
        ),
        migrations.AddField(
            model_name="bankline",
            name="other_account_mark",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="bankline",
            name="other_name_mark",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="bankline",
            name="other_side",
            field=lib.fields.EncryptedField(blank=True, db_default=b"", default=b""),
        ),
        migrations.RunPython(encrypt, migrations.RunPython.noop, hints={"of_cells": True}),
    ]
