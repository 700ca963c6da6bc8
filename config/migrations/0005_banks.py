"""Who may look at bank statements, and who decides about them and their lines."""

from importlib import import_module

from django.db import migrations

clearances = import_module("config.migrations.0004_clearances")
DECIDED = ("change_bankfile", "change_bankstatement", "change_bankline")


def add_permissions(apps, schema_editor):
    clearances.add_permissions(apps, schema_editor)  # it gives each role its permissions anew
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    Group.objects.get(name="Billing officer").permissions.add(
        *Permission.objects.filter(content_type__app_label="billing", codename__in=DECIDED)
    )


class Migration(migrations.Migration):
    dependencies = [("config", "0004_clearances"), ("billing", "0010_bank_statements")]

    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
