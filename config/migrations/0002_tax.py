"""Who may look at tax, and who decides about it: administrators, as of policies and issuers."""

from importlib import import_module

from django.db import migrations

roles = import_module("config.migrations.0001_roles")
DECIDED = ("billing.taxrate", "billing.feetaxclass")


def add_permissions(apps, schema_editor):
    roles.add_roles(apps, schema_editor)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    administrators = Group.objects.get(name="Administrator")
    for label in DECIDED:
        app, model = label.split(".")
        administrators.permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=f"change_{model}")
        )


class Migration(migrations.Migration):
    dependencies = [("config", "0001_roles"), ("billing", "0007_credit_notes")]

    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
