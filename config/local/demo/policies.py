"""How far one operator of the demonstration goes alone: an operator policy for each of its
currencies. A deployment has none until two administrators introduce one.
"""

from datetime import date
from decimal import Decimal

from billing.sorts import CREDIT, PRICE, THRESHOLD
from merchants.models import OperatorPolicy
from merchants.sorts import PAY_OUT

FIRST_DAY = date(2000, 1, 1)
# What a unit of US dollars is in these currencies' round figures.
SCALES = {"USD": 1, "CNY": 5, "THB": 30}
FIGURES = {THRESHOLD: 2_000, CREDIT: 200, PAY_OUT: 1_000, PRICE: 50}


def introduce() -> None:
    """Write an operator policy for each of the demonstration's currencies that has none, without
    asking two administrators.
    """
    for currency, scale in SCALES.items():
        if OperatorPolicy.objects.filter(currency=currency).exists():
            continue
        figures = {sort.code: Decimal(figure * scale) for sort, figure in FIGURES.items()}
        none = OperatorPolicy(currency=currency)
        none.next_version(1, FIRST_DAY, figures).save()
