"""A transfer between two accounts of django-hordak, and the balance after it, so many times a line
of stdin. Its tables come into a schema of their own in the database whose URL is given.
"""

import answering  # type: ignore[import-not-found]  # beside it: this is run as a script

answering.start(
    "hordak",
    ["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
    DEFAULT_CURRENCY="USD",
    CURRENCIES=("USD",),
)

from hordak.models import Account, AccountType  # noqa: E402
from moneyed import Money  # noqa: E402

bank = Account.objects.create(name="Bank", code="1", type=AccountType.asset, currencies=["USD"])
sales = Account.objects.create(name="Sales", code="2", type=AccountType.income, currencies=["USD"])


def transfer() -> None:
    """Move 25 USD from sales to the bank, and read the bank's balance."""
    sales.transfer_to(bank, Money("25.00", "USD"))
    bank.get_balance()


answering.answer(transfer)
