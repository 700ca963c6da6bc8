"""Who may look at documents that tax offices clear, and who decides about them."""

from importlib import import_module

from django.db import migrations

journal = import_module("config.migrations.0003_journal")


def add_permissions(apps, schema_editor):
    journal.add_permissions(apps, schema_editor)  # it gives each role its permissions anew
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    Group.objects.get(name="Billing officer").permissions.add(
        Permission.objects.get(content_type__app_label="billing", codename="change_clearance")
    )


class Migration(migrations.Migration):
    dependencies = [("config", "0003_journal"), ("billing", "0009_clearances")]

    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
