"""How far one operator of the demonstration goes alone: an operator policy for each of its
currencies. A deployment has none until two administrators introduce one.
"""

from datetime import date
from decimal import Decimal

from merchants.models import OperatorPolicy

FIRST_DAY = date(2000, 1, 1)
# What a unit of US dollars is in these currencies' round figures.
SCALES = {"USD": 1, "CNY": 5, "THB": 30}
FIGURES = {
    "threshold_up_to": 2_000,
    "credits_up_to": 200,
    "pay_outs_up_to": 1_000,
    "price_up_to": 50,
}


def introduce() -> None:
    """Write the policies, unless they are there."""
    for currency, scale in SCALES.items():
        figures = {name: Decimal(figure * scale) for name, figure in FIGURES.items()}
        OperatorPolicy.objects.get_or_create(
            currency=currency, version=1, defaults={"starts_on": FIRST_DAY, **figures}
        )
