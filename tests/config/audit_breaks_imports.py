"""One break for every check of imports, as in audit_breaks.py."""

from tests.config.breaking import Break

IN_THE_BOOKS = "what an import has applied is in the books"
WHOLE = "an import has all its rows, and is done when none of them waits"
IMPORT = """
INSERT INTO gateway_import (id, name, kind, file_name, digest, columns, row_count, uploaded_at,
    uploaded_by, reason, status, ended_at)
VALUES (7, 'I261110-3F9C2A', '{kind}', 'old.csv', '', '{{order}}', {rows}, now(),
    'olga@tael.example', 'old', 'DONE', now());
"""
ROW = """
INSERT INTO gateway_importedrow (file_id, line, merchant, reference, said_at, data, outcome, code,
    reason, done_at)
VALUES (7, 2, 'dress', '{reference}', now(), '{{}}', '{outcome}', '', '', {done_at});
"""

IMPORT_BREAKS = [
    *(
        Break(
            IN_THE_BOOKS,
            IMPORT.format(kind=kind, rows=1)
            + ROW.format(reference="nowhere", outcome="applied", done_at="now()"),
            "dress: line 2 of I261110-3F9C2A: expected True; found False",
        )
        for kind in ("ORDERS", "CHARGES", "PAYMENTS")
    ),
    Break(
        WHOLE,
        IMPORT.format(kind="ORDERS", rows=2)
        + ROW.format(reference="nowhere", outcome="rejected", done_at="now()"),
        "import I261110-3F9C2A: expected 1, t; found 2, t",
    ),
    Break(
        WHOLE,
        IMPORT.format(kind="ORDERS", rows=1)
        + ROW.format(reference="nowhere", outcome="waiting", done_at="NULL"),
        "import I261110-3F9C2A: expected 1, f; found 1, t",
    ),
]
