"""`merchants` says who somebody is: it knows no word of what the books above it keep."""

import re
from pathlib import Path

from django.conf import settings

WORDS = re.compile(
    r"\w*(?:credit|bill|charg|limit|withdraw|proceeds|order|statement|invoice|payout)\w*",
    re.IGNORECASE,
)
# What has another meaning there.
ALLOWED = {
    # How rows and fields are sorted.
    *("order_by", "ordering", "field_order", "order_fields", "in_order"),
    "statement_timeout",  # of the database
    *("ratelimit", "ratelimitusage", "rate_limits", "limit_get"),  # allauth's, of guesses
    # A proposal is withdrawn by who made it.
    *("withdraw", "withdraws", "withdrawn", "proposal_withdrawn"),
}
# A version of a policy is withdrawn before it starts.
OF_A_VERSION = re.compile(
    r"\w*(?:withdrawn_at|withdrawn_by|_withdrawn_once|_withdrawn_before|policy_withdrawn)\w*"
    r"|may_be_withdrawn|withdraw_version|withdrawing",
    re.IGNORECASE,
)
SENTENCES = (
    # How rows are sorted.
    *("in that order", "in this order", "in order", "in the order of their places"),
    *("in the order in which they were written", "keep the order they came in"),
    *("ORDER BY", "LIMIT {MOST_LISTED}", "DESC LIMIT 1"),  # SQL's own
    # What a merchant reads of the role: its own words for acting with money.
    "Finance may see, export, pay, withdraw and ask for more.",
    # What the help page answers about people, factors and the profile.
    "the review of your limit; whatever you change is confirmed anew.",
    "Withdrawals, destinations, payment methods and roles ask for a second factor",
    "A confirmed licence and contacts raise your limit at the next review.",
)


def test_nothing_in_merchants_speaks_of_a_book() -> None:
    root = Path(settings.BASE_DIR)
    files = [*root.glob("merchants/**/*.py"), *root.glob("templates/merchants/**/*.html")]
    assert len(files) > 70
    found = [
        f"{file.relative_to(root)}: {word}"
        for file in files
        for word in WORDS.findall(_without_sentences(file.read_text()))
        if word.lower() not in ALLOWED and not OF_A_VERSION.fullmatch(word)
    ]
    assert found == []


def _without_sentences(text: str) -> str:
    """The text without sentences that may speak of the books."""
    for sentence in SENTENCES:
        text = text.replace(sentence, "")
    return text
