"""The bounds within which the figures of an operator policy make sense (rule 22.21). A slip of the
hand, such as three zeros more, would leave everything to one person; it is refused, and the form
says why.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from merchants import sorts
from merchants.sorts import Sort

# What a unit of US dollars is in these currencies' round figures, as of the first policies.
SCALES = {"USD": 1, "EUR": 1, "GBP": 1, "CNY": 10, "BRL": 10, "THB": 50, "JPY": 200}
UNKNOWN = 100_000  # of any other: none has more of its units for a dollar


def most(sort: Sort, currency: str) -> Decimal:
    """Return the highest figure of the sort that makes sense in the currency, in units of
    it. This is the sort's highest figure in US dollars times the currency's fixed factor.
    The factor is the one in SCALES, and UNKNOWN for a currency that is not there.
    """
    return sort.most * SCALES.get(currency, UNKNOWN)


def sentence(sort: Sort, currency: str = "") -> str:
    """The sentence of a form about the highest figure of the sort and why: in `currency`, or in US
    dollars while none is chosen.
    """
    return (
        f"Up to {most(sort, currency or 'USD'):,f} {currency or 'USD'}"
        f"{'' if currency else ', and as much in other currencies'}: {sort.why}"
    )


def faults(currency: str, figures: Mapping[str, Decimal | int]) -> Iterator[tuple[str, str]]:
    """Yield (code of a sort, sentence that names the highest figure and why) for each of these
    figures, by the codes of their sorts, that is above the highest one that makes sense in the
    currency; one that equals it is no fault. Raises KeyError for an unknown code.
    """
    for code, up_to in figures.items():
        sort = sorts.SORTS[code]
        if up_to > most(sort, currency):
            yield code, sentence(sort, currency)
