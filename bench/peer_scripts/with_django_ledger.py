"""A posted journal entry of two transactions by django-ledger, so many times a line of stdin. Its
tables come into a schema of their own in the database whose URL is given.
"""

from datetime import UTC, datetime
from decimal import Decimal

import answering  # type: ignore[import-not-found]  # beside it: this is run as a script

answering.start(
    "django_ledger",
    [
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django_ledger",
    ],
)

from django.contrib.auth.models import User  # noqa: E402
from django_ledger.models import EntityModel  # noqa: E402

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


def enter() -> None:
    """Post an entry of 25.00 from income to cash."""
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


answering.answer(enter)
