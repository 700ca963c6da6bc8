"""The sorts of operators' decisions about billing of which operator policies have figures (rule
22.7).
"""

from decimal import Decimal

from merchants.sorts import Sort

THRESHOLD = Sort(
    code="thresholds",
    title="Threshold",
    up_to="Thresholds up to",
    most=Decimal(1_000_000),
    why="as much is owed before a bill is asked for.",
)
CREDIT = Sort(
    code="credits",
    title="Credit",
    up_to="Credits up to",
    is_summed=True,
    most=Decimal(1_000_000),
    why="one person gives a merchant no more than that in a day.",
)
PRICE = Sort(
    code="prices",
    title="Price",
    up_to="Prices of a unit up to",
    is_amount=False,
    most=Decimal(10_000),
    why="one parcel or label costs no more.",
)
# Which of them take two people is not a policy's to say (rule 19.10).
REOPENING = Sort(code="reopenings", title="Opening again")
SORTS = (THRESHOLD, CREDIT, PRICE, REOPENING)
