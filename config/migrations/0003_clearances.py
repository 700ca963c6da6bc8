"""Who may look at documents that tax offices clear, and who decides about them."""

from importlib import import_module

from django.db import migrations

tax = import_module("config.migrations.0002_tax")


def add_permissions(apps, schema_editor):
    tax.add_permissions(apps, schema_editor)  # it gives each role its permissions anew
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    Group.objects.get(name="Billing officer").permissions.add(
        Permission.objects.get(content_type__app_label="billing", codename="change_clearance")
    )


class Migration(migrations.Migration):
    dependencies = [("config", "0002_tax"), ("billing", "0008_clearances")]

    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
