"""Who may look at the journal, lock its months, and choose its accounts."""

from importlib import import_module

from django.db import migrations

roles = import_module("config.migrations.0001_roles")
DECIDED = {
    "billing.journallock": ("Administrator", "Billing officer"),
    "billing.chartaccount": ("Administrator",),
}


def add_permissions(apps, schema_editor):
    import_module("config.migrations.0002_tax").add_permissions(apps, schema_editor)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for label, names in DECIDED.items():
        app, model = label.split(".")
        wanted = Permission.objects.get(content_type__app_label=app, codename=f"change_{model}")
        for name in names:
            Group.objects.get(name=name).permissions.add(wanted)


class Migration(migrations.Migration):
    dependencies = [("config", "0002_tax"), ("billing", "0008_journal")]

    operations = [migrations.RunPython(add_permissions, migrations.RunPython.noop)]
