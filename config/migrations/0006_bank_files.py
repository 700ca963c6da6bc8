"""Who may look at files for the bank, and at providers' payouts."""

from importlib import import_module

from django.db import migrations

clearances = import_module("config.migrations.0004_clearances")


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0004_clearances"),
        ("credit", "0005_payment_files"),
        ("billing", "0013_provider_payouts"),
    ]

    operations = [
        # It gives each role its permissions anew, to look at what is new, too.
        migrations.RunPython(clearances.add_permissions, migrations.RunPython.noop)
    ]
