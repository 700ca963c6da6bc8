"""A posted journal entry of two transactions by django-ledger, so many times a line of stdin. Its
tables come into a schema of their own in the database whose URL is given.
"""

import json
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

url = urlsplit(sys.argv[1])
settings.configure(
    SECRET_KEY="bench",
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django_ledger",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path[1:]),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": unquote(url.hostname or ""),
            "PORT": str(url.port or ""),
            "OPTIONS": {"options": "-c search_path=django_ledger"},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django_ledger.models import EntityModel  # noqa: E402

with connection.cursor() as cursor:
    cursor.execute("DROP SCHEMA IF EXISTS django_ledger CASCADE")
    cursor.execute("CREATE SCHEMA django_ledger")
call_command("migrate", verbosity=0)
entity = EntityModel.create_entity(
    name="Bench",
    use_accrual_method=True,
    admin=User.objects.create_user("bench"),
    fy_start_month=1,
)
entity.create_chart_of_accounts(assign_as_default=True, commit=True, coa_name="Bench")
entity.populate_default_coa(activate_accounts=True)
accounts = entity.get_default_coa_accounts()
cash, income = accounts.filter(role="asset_ca_cash")[0], accounts.filter(role="in_operational")[0]
ledger = entity.create_ledger(name="Bench")
ledger.post(commit=True)
sys.stdout.write("ready\n")
sys.stdout.flush()
for line in sys.stdin:
    started = time.perf_counter()
    for _ in range(int(line)):
        amount = Decimal("25.00")
        ledger.commit_txs(
            je_timestamp=datetime.now(UTC),
            je_posted=True,
            je_ledger_model=ledger,
            je_txs=[
                {"account": cash, "tx_type": "debit", "amount": amount, "description": "paid"},
                {"account": income, "tx_type": "credit", "amount": amount, "description": "paid"},
            ],
        )
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - started}) + "\n")
    sys.stdout.flush()
