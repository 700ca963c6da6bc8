"""The kinds of rows that can be searched by name, each declared once for both searches.

Operators find rows of all merchants (`backoffice.find`), and a merchant's people their own
(`pages.search`). Each package registers its kinds; a kind that only one search finds leaves out the
other's part.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import and_, or_
from typing import Any, Protocol, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import CharField, Lookup, Model, Q, QuerySet
from django_stubs_ext import StrOrPromise

from lib import figures, words
from lib.money import DECIMAL_PLACES, MAX_DIGITS
from lib.registry import Registry

# What is known of names that were found: of ten thousand it is less to read than they are.
NAMES = """
SELECT count, begins, CASE WHEN NOT begins AND count <= %s THEN names END FROM (
    SELECT count(*), coalesce(bool_and(starts_with(name, %s)), false) AS begins,
           array_agg(name) AS names
    FROM ({found}) found (name)
) known
"""
MOST = 6  # rows of a kind that are shown
Rows = TypeVar("Rows", bound=QuerySet[Any, Any])
NOTHING = Q(pk__in=())


# Of a text: characters that no other character becomes in capitals, and how many of them tell.
CASELESS = re.compile(r"[ -@\[-`{-~]+")
WORTH_LOOKING = 2
# Characters that tell a name from most others, the rarest in references and names first. Digits and
# hyphens are in most; "i" and "s" are left out, as other letters become "I" and "S" in capitals.
TELLING = ".,/#&+@%:;!?='zqxjkvwbpyfgmhudlctnroae"
AMOUNT = re.compile(r"[-−]?((?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)(?: ?[A-Za-z]{3})?")


class Finder(Protocol):
    """How operators find rows of a kind: what each class of `backoffice.finders` implements."""

    @property
    def place(self) -> int:
        """The kind's place among all kinds in the results."""

    def among_all(self, kind: "Kind", text: str) -> Iterable[tuple[Any, bool]]:
        """Rows of any merchant that `text` finds, each paired with whether `text` is its whole
        name. A finder may give rows whose name only begins with `text` just when no row has it as
        its whole name.
        """

    def of_one(self, kind: "Kind", merchant: Any, text: str) -> Iterable[Any]:
        """Rows of this merchant that have the name `text`. Some finders also give rows with another
        spelling of it, or whose name only starts with it, so that the caller has to compare;
        finders that only look among all merchants' rows always give nothing here.
        """


def amount_in(text: str) -> Decimal | None:
    """The size, without its sign, of the amount that the text is, all of it, with or without commas
    between thousands and a currency of three letters behind it ("-1,234.50 THB"), which is not
    checked. None if it is no amount, or too large for any amount that is kept.
    """
    found = AMOUNT.fullmatch(text.strip())
    size = Decimal(found[1].replace(",", "")) if found else None
    fits = size is not None and size.adjusted() < MAX_DIGITS - DECIMAL_PLACES
    return size if fits else None


def of_amount(text: str, *columns: str) -> Q:
    """The condition that one of these columns is the amount that the text is (`amount_in`), with
    whatever sign and in whatever currency; if the text is no amount, no row meets it.
    """
    size = amount_in(text)
    if size is None:
        return NOTHING
    # Two comparisons take the database half as long as a list of two.
    return reduce(or_, (Q(**{column: one}) for column in columns for one in (size, -size)))


class IsOneOf(Lookup[Any]):
    """The condition that a text column is one of a list, which is one parameter, however long it
    is: ten thousand of them take longer to write down than to look for.
    """

    lookup_name = "one_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """SQL and parameters of the condition."""
        column, given = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::text[])", (*given, list(self.rhs))


CharField.register_lookup(IsOneOf)


def spelled(text: str) -> list[str]:
    """The ways in which to look for the reference that somebody types as `text`: as it is and, if
    it has a digit, with hyphens in place of its blanks: "LA 11601" and "LA-11601".
    """
    joined = "-".join(text.split())
    is_reference = any(character.isdigit() for character in text)
    return list(dict.fromkeys([text, joined])) if is_reference else [text]


def of_name(text: str, *columns: str) -> Q:
    """The condition that the text stands anywhere in one of these columns, of which there is at
    least one, in any case, and in any of its `spelled` ways.
    """
    ways = spelled(text)
    return reduce(or_, (_has(column, way) for column in columns for way in ways))


def _has(column: str, text: str) -> Q:
    """The condition that the text stands anywhere in the column, in any case. Cheap
    conditions that most rows do not meet come first: for a text in ASCII, that the column
    has the rarest of its characters that TELLING has, if any, small or capital; and that it
    has the longest run of characters without case (CASELESS) as it is, if that is the whole
    text or at least WORTH_LOOKING long. The column is put into capitals only for rows that
    meet them, and not at all if the whole text is such a run.
    """
    run = max(CASELESS.findall(text), key=len, default="")
    conditions = []
    plain = (character for character in text.lower() if character in TELLING)
    if text.isascii() and (rarest := min(plain, key=TELLING.index, default="")):
        ways = dict.fromkeys((rarest, rarest.upper()))
        conditions.append(reduce(or_, (Q(**{f"{column}__contains": way}) for way in ways)))
    if run == text or len(run) >= WORTH_LOOKING:
        conditions.append(Q(**{f"{column}__contains": run}))
    if run != text:
        conditions.append(Q(**{f"{column}__icontains": text}))
    return reduce(and_, conditions)


def starting(text: str, column: str) -> Q:
    """The condition that the column starts with the text, capitals and small letters as they are,
    in one of its `spelled` ways.
    """
    return reduce(or_, (Q(**{f"{column}__startswith": way}) for way in spelled(text)))


def is_in(text: str, name: str) -> bool:
    """Whether the name has the text somewhere, in any case and in any of its `spelled` ways; true
    for "".
    """
    return any(way.casefold() in name.casefold() for way in spelled(text))


def is_exactly(text: str, name: str) -> bool:
    """Whether the text is the whole name, in any case and any of its `spelled` ways."""
    return name.casefold() in [way.casefold() for way in spelled(text)]


def begins(text: str, name: str) -> bool:
    """Whether the name begins with the text, in any case and any of its `spelled` ways; true for
    "".
    """
    return name.casefold().startswith(tuple(way.casefold() for way in spelled(text)))


def few(rows: "QuerySet[Any]", text: str, name: str, others: Q, *, most: int = MOST) -> Any:
    """A queryset of one column, `name`: the names of at most `most` of the rows, the last names
    first; first those that begin with the text and, if these are too few, any others that meet the
    condition `others`.

    The rows are one merchant's. An index gives the first of them at once, and has to have in it all
    that `others` asks: then of those only the index is read. Each of them has a name of its own.
    """
    first, by = starting(text, name), f"-{name}"
    begins = rows.filter(first).order_by(by).values(name)
    # Those that begin with the text are left out of the ones that were found, not of all that are
    # looked at: where they are fewer than `most`, at least as many others are among twice as many.
    found = rows.filter(others).order_by(by).values(name)[: 2 * most]
    rest = rows.filter(**{f"{name}__in": found}).exclude(first).order_by(by).values(name)
    return begins[:most].union(rest[:most], all=True)[:most]


def anywhere(rows: Rows, text: str, name: str) -> Rows:
    """Those of one merchant's `rows` that have the text anywhere in their column `name`, in any
    case; all of them for "".

    Runs one query for the names that match. Up to figures.MOST of them, the rows are then asked for
    by name (or by the span of names, if all begin with the text); of more, by the text itself.
    """
    if not text:
        return rows
    found = rows.filter(of_name(text, name))
    count, all_begin_so, names = _names(found, text, name)
    if count > figures.MOST:
        return found
    # In the order of the index all names between two that begin with it do so, too.
    if all_begin_so:
        return rows.filter(**{f"{name}__gte": text, f"{name}__lt": text + words.LAST})
    return rows.filter(**{f"{name}__one_of": names})


def _names(found: "QuerySet[Any]", text: str, name: str) -> tuple[int, bool, list[str]]:
    """What is known of the first figures.MOST names of these rows and one more: how many there are,
    whether all begin with the text just so, and the names themselves, unless there are too many or
    all begin with it, as then nobody reads them.
    """
    most = figures.MOST + 1
    try:
        sql, given = found.order_by(name).values_list(name)[:most].query.sql_with_params()
    except EmptyResultSet:  # Django knows that nothing fits
        return 0, False, []
    with connections[found.db].cursor() as cursor:
        cursor.execute(NAMES.format(found=sql), (figures.MOST, text, *given))
        count, all_begin_so, names = cursor.fetchone()
    return count, all_begin_so, names or []


def no_status(row: Any) -> tuple[str, str]:
    """The status and label of a row whose kind has no status: two empty texts."""
    return "", ""


def status(row: Any) -> tuple[str, str]:
    """The code of the row's status, and its label."""
    return row.status, row.get_status_display()


@dataclass(frozen=True, kw_only=True)
class Own:
    """How a merchant's people find their own rows of a kind, and what the results show of each
    row.
    """

    place: int  # in the order of what is found
    # The rows of a merchant, whose line and account are at hand, of which the text is in a name or
    # is an amount, on a local day of the line; by an index that starts with the merchant.
    rows: Callable[[Any, str, date], Any]
    page: Callable[[Any, str], str]  # where to see a row, by its merchant's reference; "" nowhere
    on: Callable[[Any], date]
    name: Callable[[Any], str] = str
    amount: str = ""  # the column; "" where the kind has none
    # The list of all that has the text in its name, if there is one.
    listed: Callable[[str, str], str] | None = None
    status: Callable[[Any], tuple[str, str]] = no_status  # a row's status and its label
    most: int = MOST  # rows that are shown


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of rows, such as orders, and how each search finds them."""

    label: StrOrPromise  # of one, such as "Order"
    model: type[Model]
    merchant: str = ""  # the path from a row to its merchant; "" where it has none
    operators: Finder | None = None
    own: Own | None = None


KINDS: Registry[Kind] = Registry(lambda kind: 0)


def for_operators() -> Sequence[tuple[Kind, Finder]]:
    """The kinds that operators can search, each with its finder, in the order of the results."""
    found = [(kind, kind.operators) for kind in KINDS if kind.operators is not None]
    return sorted(found, key=lambda one: one[1].place)


def for_people() -> Iterator[tuple[Kind, Own]]:
    """Yields the kinds that a merchant's people can search, each with how they find them, in the
    order of the results.
    """
    found = [(kind, kind.own) for kind in KINDS if kind.own is not None]
    yield from sorted(found, key=lambda one: one[1].place)
