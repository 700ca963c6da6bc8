"""How rows that never change lose a person's name when that person is erased: the name is replaced
by a pseudonym, and nothing else of the row is.

A pseudonym is `erased-` and 16 hexadecimal digits, and one person has one: so who did several
things is still known to be one person, and never which. Two people stay two.

Who acted stands in the text columns called `actor` or ending in `_by`; a model whose other columns
may name people lists them as `names_people`, or its triggers below do. Of these columns, and of no
other, the triggers let a name become a pseudonym, and of those that they list as `can_be_emptied` a
value become empty. Whatever else is written to such a row is refused as ever.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pgtrigger
from django.apps import apps
from django.db import connection, models

PATTERN = "erased-[0-9a-f]{16}"
DOMAIN = "erased.invalid"  # no mail can be sent there
_IN_TEXT = f"{PATTERN}(@erased\\.invalid)?"


def new_pseudonym() -> str:
    """A new pseudonym, of random hexadecimal digits, so that nobody has it yet. It is not looked
    up, nor stored.
    """
    return f"erased-{secrets.token_hex(8)}"


def as_address(pseudonym: str) -> str:
    """The pseudonym as an e-mail address, for columns that keep addresses."""
    return f"{pseudonym}@{DOMAIN}"


def is_erased(text: str) -> bool:
    """Whether the text is a pseudonym, or one as an address."""
    return re.fullmatch(_IN_TEXT, text) is not None


def acting(model: type[models.Model]) -> list[str]:
    """The names of the model's text columns that say who acted: those called `actor`, or ending in
    `_by`.
    """
    return [
        str(field.column)
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField)
        and (field.name == "actor" or field.name.endswith("_by"))
    ]


def named(model: type[models.Model]) -> list[str]:
    """The columns of the model that may name people besides who acted, as the model and its
    triggers declare them (`names_people`).
    """
    sources = [model, *getattr(model._meta, "triggers", ())]
    found = [name for source in sources for name in getattr(source, "names_people", ())]
    return list(dict.fromkeys(found))


def of_books() -> Iterator[type[models.Model]]:
    """Yields every model of every app that has a table of its own: no proxies, and none whose table
    others manage.
    """
    for model in apps.get_models():
        if model._meta.managed and not model._meta.proxy:
            yield model


class Replaced(NamedTuple):
    """How many rows of a table a name was replaced in."""

    table: str
    rows: int


def replace_acting(model: type[models.Model], old: str, new: str) -> Replaced:
    """Replace the name `old`, where it is all of the text and in the same case, by the pseudonym
    `new` in the model's columns of who acted (`acting`), by one statement. Returns the table and in
    how many rows.
    """
    columns = acting(model)
    if not columns:
        return Replaced(model._meta.db_table, 0)
    changes = ", ".join(
        f'"{name}" = CASE WHEN "{name}" = %(old)s THEN %(new)s ELSE "{name}" END'
        for name in columns
    )
    found = " OR ".join(f'"{name}" = %(old)s' for name in columns)
    return _update(model, changes, found, old=old, new=new)


def replace_named(model: type[models.Model], old: str, new: str) -> Replaced:
    """Replace the e-mail address `old`, in whatever case, by the pseudonym `new` wherever it stands
    in the text of the model's columns that may name other people (`named`), by one statement; as a
    part of a longer address it stays. Returns the table and in how many rows.
    """
    columns = named(model)
    if not columns:
        return Replaced(model._meta.db_table, 0)
    types = {field.column: field.db_type(connection) for field in model._meta.concrete_fields}
    changes = ", ".join(
        f'"{name}" = regexp_replace("{name}"::text, %(pattern)s, %(new)s, \'gi\')::{types[name]}'
        for name in columns
    )
    found = " OR ".join(f'"{name}"::text ~* %(pattern)s' for name in columns)
    return _update(model, changes, found, pattern=pattern_of(old), new=new)


def pattern_of(address: str) -> str:
    """The regular expression, for PostgreSQL and Python, of this e-mail address where it stands by
    itself and is not a part of a longer one.
    """
    return rf"(?<![\w.+@-]){re.escape(address)}(?![\w@-]|\.\w)"


def _update(model: type[models.Model], changes: str, found: str, **said: str) -> Replaced:
    """Run an UPDATE of the model's table with these changes, of the rows that meet the condition
    `found`; both are SQL, with the values in `said`. Returns the table's name and how many rows
    that were.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" SET {changes} WHERE {found}', said)
        return Replaced(table, cursor.rowcount)


class _Erasable(pgtrigger.Protect):
    """Protects rows, but lets people's names in them become pseudonyms."""

    def __init__(
        self,
        *,
        names_people: Sequence[str] = (),
        can_be_emptied: Sequence[str] = (),
        emptied_if: str = "true",
        **of_all: Any,
    ) -> None:
        self.names_people, self.can_be_emptied = names_people, can_be_emptied
        self.emptied_if = emptied_if  # a condition of the old row, in SQL
        super().__init__(**of_all)

    def get_func(self, model: Any) -> Any:
        """The trigger's SQL. An UPDATE goes through if all that changes in the row are names that
        become pseudonyms, in columns that name people, and columns of `can_be_emptied` that become
        empty, where `emptied_if` is true of the old row. Anything else is refused as by the trigger
        that this one extends.
        """
        columns, emptied = [*acting(model), *self.names_people], list(self.can_be_emptied)
        otherwise = super().get_func(model)  # type: ignore[no-untyped-call]
        if "UPDATE" not in str(self.operation) or not (columns or emptied):
            return otherwise
        may_change = ", ".join(f"'{name}'" for name in dict.fromkeys([*columns, *emptied]))
        conditions = [
            "OLD IS DISTINCT FROM NEW",
            f"to_jsonb(OLD) - ARRAY[{may_change}] = to_jsonb(NEW) - ARRAY[{may_change}]",
        ]
        for name in dict.fromkeys([*columns, *emptied]):
            ways = [f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"']
            if name in columns:
                ways.append(_is_pseudonymised(name))
            if name in emptied:
                is_empty = f"coalesce(NEW.\"{name}\"::text, '') IN ('', '{{}}', '\\x')"
                ways.append(f"({is_empty} AND {self.emptied_if})")
            conditions.append(f"({' OR '.join(ways)})")
        return self.format_sql(
            f"""
            IF TG_OP = 'UPDATE' THEN
                IF {" AND ".join(conditions)} THEN RETURN NEW; END IF;
            END IF;
            {otherwise}
            """
        )


def _is_pseudonymised(column: str) -> str:
    """SQL that is true if the column's new text is the old one with pseudonyms in it where
    something else stood.
    """
    new = f'NEW."{column}"::text'
    plain = f"regexp_replace({new}, '([\\\\%_])', '\\\\\\1', 'g')"
    return (
        f"({new} ~ '{PATTERN}' AND OLD.\"{column}\"::text"
        f" LIKE regexp_replace({plain}, '{_IN_TEXT}', '_%', 'g'))"
    )


class Protect(_Erasable):
    """pgtrigger.Protect, that lets people's names become pseudonyms."""


class ReadOnly(_Erasable, pgtrigger.ReadOnly):
    """pgtrigger.ReadOnly, that lets people's names become pseudonyms."""
