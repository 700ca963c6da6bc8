"""Names and docstrings are of the field: no word of the dialect that the code once had is back."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

from tests.packages import PACKAGES

ROOT = Path(settings.BASE_DIR)

# What was said once, and what is said now.
NAMES = {
    "others_words": "third_party_messages",
    "deed": "action",
    "deeds": "actions",
    "telling": "load",
    "tell": "load_demo, notify, write or as_json",
    "let_in": "create_users",
    "piecework": "chunks",
    "by_halves": "run_bisecting",
    "NOBODYS_FAULT": "TRANSIENT_ERRORS",
    "leash": "run_with_parent",
    "AlreadySo": "AlreadyInThatState",
    "alone": "try_advisory_lock",
    "NEWS": "MAIL_WINDOW",
    "apologies": "sentence_of",
    "desk": "home",
    "Pile": "QueueSummary",
    "Pulse": "SchedulerHealth",
    "Agreed": "ConfirmForm",
}
SENTENCES = (
    "Somebody asks, and somebody does",
    "The door that payment providers knock on",
    "It always is.",
    "What makes no sense is as good as nothing asked",
)
FRAGMENTS = ("Of ", "Within ", "Whoever ")
BEGINS_LIKE_ONE = re.compile(rf"""["'][\s\\]*({"|".join(FRAGMENTS)})""")

# A merchant reads "bill"; code says invoice. These say bill all the same: statuses, kinds and
# fields that the books and their document name so, and where the word is a verb.
BILL = re.compile(r"(^|_)bills?(_|$)|(^|[a-z_])Bills?([A-Z_]|$)|(^|_)BILLS?(_|$)")
SAY_BILL = {
    *("UNPAID_BILL", "UnpaidBill", "unpaid_bills", "unpaid_bill_days", "is_for_an_unpaid_bill"),
    *("BILL_PAYMENT", "bill_payment", "bill_payments", "bill_payment__gt", "bill_payment__in"),
    *("BILL_ISSUED", "BILL_REVIEW", "reviews_bills"),
    *("NothingToBill", "bill_all", "bill_rest", "bill_plans", "bill_cycles"),
    *("_bill_thresholds", "_bill_new_dates"),
}


@cache
def modules() -> dict[Path, str]:
    """The text of each module of the product and of its tests, but for this one."""
    folders = (*PACKAGES, "bench", "tests", "deploy")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert len(found) > 600
    return {path: path.read_text() for path in found if path != Path(__file__)}


@cache
def words_in(text: str) -> frozenset[str]:
    """All words of a module, also of its texts and comments."""
    return frozenset(re.findall(r"\w+", text))


def names_in(text: str, wanted: Callable[[str], object]) -> set[str]:
    """The identifiers of a module that are `wanted`. Most have none, also not in their texts and
    comments, and are read no further.
    """
    if not any(map(wanted, words_in(text))):
        return set()
    return {name for name in identifiers(text) if wanted(name)}


# What is a string, a comment, a number or a name; Python's own tokenizer takes ten times as long.
TOKEN = re.compile(
    r"""[rbfuRBFU]{0,2}(?:"{3}.*?(?<!\\)(?:\\\\)*"{3}|'{3}.*?(?<!\\)(?:\\\\)*'{3}"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\#[^\n]*|\d\w*|([^\W\d]\w*)""",
    re.DOTALL,
)


def identifiers(text: str) -> set[str]:
    """The names in a module's code, without what stands in its strings and comments."""
    return set(TOKEN.findall(text)) - {""}


def fragments_in(text: str) -> Iterator[str]:
    """The docstrings that are fragments, of a module and of its classes and functions. Where no
    quotation begins like one, nothing else is read.
    """
    if not BEGINS_LIKE_ONE.search(text):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            said = ast.get_docstring(node) or ""
            if said.startswith(FRAGMENTS):
                yield said


def test_no_name_is_a_word_of_the_old_dialect() -> None:
    used = {
        f"{path.relative_to(ROOT)}: {name}, now {NAMES[name]}"
        for path, text in modules().items()
        for name in names_in(text, NAMES.get)
        | ({*path.relative_to(ROOT).with_suffix("").parts} & NAMES.keys())
    }
    assert used == set()


def test_code_says_invoice_where_a_merchant_reads_bill() -> None:
    says_bill = cache(BILL.search)  # most words are in many modules
    said = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, text in modules().items()
        for name in names_in(text, says_bill)
        if name not in SAY_BILL and not name.startswith("test_")
    }
    assert said == set()
    named = [f"{path.relative_to(ROOT)}" for path in modules() if BILL.search(path.stem)]
    assert sorted(named) == [
        "credit/operations/bill_payments.py",
        "credit/operations/unpaid_bills.py",
        "tests/billing/test_unpaid_bill_freeze.py",
    ]


def test_no_riddle_of_the_old_docstrings_is_back() -> None:
    quoted = {
        f"{path.relative_to(ROOT)}: {sentence}"
        for path, text in modules().items()
        for sentence in SENTENCES
        if sentence in " ".join(text.split())
    }
    assert quoted == set()


def test_docstrings_are_sentences_that_say_what_something_is() -> None:
    fragments = {
        f"{path.relative_to(ROOT)}: {said.splitlines()[0]}"
        for path, text in modules().items()
        for said in fragments_in(text)
    }
    assert fragments == set()


def test_what_is_looked_for_would_be_found() -> None:
    text = "def let_in() -> None:\n    {0}Of those who may.{0}\n    return people.deeds\n".format(
        '"""'
    )
    assert names_in(text, NAMES.get) == {"let_in", "deeds"}
    assert names_in("# bills\npaid = 1", BILL.search) == set()
    assert all(
        BILL.search(name) for name in ("bill", "bills_of", "two_bills", "Bills", "LastBillOn")
    )
    assert not any(
        BILL.search(name) for name in ("billed", "BillingAccount", "BILLING", "unbilled")
    )
    assert list(fragments_in(text)) == ["Of those who may."]
    assert list(fragments_in('"""\\\nWithin it."""')) == ["Within it."]
    assert list(fragments_in('said = "Of those"')) == []
