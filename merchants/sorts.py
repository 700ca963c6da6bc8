"""The sorts of operators' decisions of which a policy says how far one person goes alone.

Each book registers its own when it starts. Money that is paid out to somebody outside is of all
books, and counts together, so it is registered here.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Sort:
    """A sort of decisions that give or set a figure.

    `up_to` is the label of its figure in operator policies; a sort without one has bounds of its
    own, and no operator policy speaks of it. What `is_summed` counts by the sum of a merchant and
    local day, and everything else one by one. What is no amount of money has up to 6 decimals in
    every currency.
    """

    code: str  # as rows keep it
    title: str  # of one decision
    up_to: str = ""
    is_summed: bool = False
    is_amount: bool = True
    # The highest figure that makes sense, in US dollars (merchants.policy_bounds), and why.
    most: Decimal = Decimal(0)
    why: str = ""


PAY_OUT = Sort(
    code="pay_outs",
    title="Pay-out",
    up_to="Pay-outs up to",
    is_summed=True,
    most=Decimal(1_000_000),
    why="one person sends no more than that to a merchant in a day.",
)

SORTS: dict[str, Sort] = {}


def register(*sorts: Sort) -> None:
    """Add sorts. Raises ValueError for a code that is taken."""
    for sort in sorts:
        if sort.code in SORTS:
            raise ValueError(f"the sort {sort.code} is taken")
        SORTS[sort.code] = sort


def with_figures() -> list[Sort]:
    """The registered sorts of which operator policies have figures, those with a label `up_to`, as
    they were registered.
    """
    return [sort for sort in SORTS.values() if sort.up_to]


def title(code: str) -> str:
    """The title of the sort; the code itself if no app has registered it (any more)."""
    return SORTS[code].title if code in SORTS else code
