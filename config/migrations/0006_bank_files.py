"""Who may look at files for the bank, and at providers' payouts."""

from importlib import import_module

from django.db import migrations

banks = import_module("config.migrations.0005_banks")


class Migration(migrations.Migration):
    dependencies = [
        ("config", "0005_banks"),
        ("credit", "0005_payment_files"),
        ("billing", "0012_provider_payouts"),
    ]

    operations = [
        # It gives each role its permissions anew, to look at what is new, too.
        migrations.RunPython(banks.add_permissions, migrations.RunPython.noop)
    ]
