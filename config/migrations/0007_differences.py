"""Who decides about differences between providers' payouts and our books."""

from importlib import import_module

from django.db import migrations

banks = import_module("config.migrations.0005_banks")


def add_permissions(apps, schema_editor):
    banks.add_permissions(apps, schema_editor)  # it gives each role its permissions anew
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    Group.objects.get(name="Billing officer").permissions.add(
        Permission.objects.get(
            content_type__app_label="billing", codename="change_providerdifference"
        )
    )


class Migration(migrations.Migration):
    dependencies = [("config", "0006_bank_files"), ("billing", "0014_differences")]

    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
