"""A transfer between two accounts of django-hordak, and the balance after it, so many times a line
of stdin. Its tables come into a schema of their own in the database whose URL is given.
"""

import json
import sys
import time
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

url = urlsplit(sys.argv[1])
settings.configure(
    SECRET_KEY="bench",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path[1:]),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": unquote(url.hostname or ""),
            "PORT": str(url.port or ""),
            "OPTIONS": {"options": "-c search_path=hordak"},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
    DEFAULT_CURRENCY="USD",
    CURRENCIES=("USD",),
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from hordak.models import Account, AccountType  # noqa: E402
from moneyed import Money  # noqa: E402

with connection.cursor() as cursor:
    cursor.execute("DROP SCHEMA IF EXISTS hordak CASCADE")
    cursor.execute("CREATE SCHEMA hordak")
call_command("migrate", verbosity=0)
bank = Account.objects.create(name="Bank", code="1", type=AccountType.asset, currencies=["USD"])
sales = Account.objects.create(name="Sales", code="2", type=AccountType.income, currencies=["USD"])
sys.stdout.write("ready\n")
sys.stdout.flush()
for line in sys.stdin:
    started = time.perf_counter()
    for _ in range(int(line)):
        sales.transfer_to(bank, Money("25.00", "USD"))
        bank.get_balance()
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - started}) + "\n")
    sys.stdout.flush()
