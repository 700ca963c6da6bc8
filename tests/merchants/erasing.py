"""Where a person still stands: every text of every table is looked through."""

from django.apps import apps
from django.db import connection, models

# What people wrote, which stays as it is: whoever erases is told so, and docs/decisions.md says
# why. No operation writes a person's name there by itself.
WRITTEN_BY_PEOPLE = {"reason", "message", "answer", "told", "note", "text", "problem",
                     "description", "lift_note", "lift_told"}  # fmt: skip


def found(*names: str) -> list[str]:
    """The columns, as "table.column", in any of whose rows one of these names stands, in whatever
    case; but for what people wrote.
    """
    hits = []
    with connection.cursor() as cursor:
        for table, columns in sorted(_texts().items()):
            tests = " OR ".join(f'"{column}"::text ILIKE ANY(%s)' for column in columns)
            patterns = [f"%{name}%" for name in names]
            cursor.execute(
                f'SELECT 1 FROM "{table}" WHERE {tests} LIMIT 1', [patterns] * len(columns)
            )
            if not cursor.fetchone():
                continue
            for column in columns:
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE ANY(%s)',
                    [patterns],
                )
                (count,) = cursor.fetchone()
                if count:
                    hits.append(f"{table}.{column}")
    return [hit for hit in hits if hit.split(".")[1] not in WRITTEN_BY_PEOPLE]


def _texts() -> dict[str, list[str]]:
    """The columns of each table of the database that can have a text in them, by its own word:
    texts, documents and lists, and bytes.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type IN"
            " ('character varying', 'text', 'jsonb', 'json', 'ARRAY', 'bytea', 'inet')"
        )
        rows = cursor.fetchall()
    texts: dict[str, list[str]] = {}
    for table, column in rows:
        texts.setdefault(table, []).append(column)
    return texts


def tables() -> set[str]:
    """The tables of all models, each of which the search goes over if it has a text."""
    return {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if any(isinstance(one, models.CharField | models.TextField) for one in model._meta.fields)
    }
