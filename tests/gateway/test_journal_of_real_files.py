"""The journal of real marketplaces, of which the files are no part of the project."""

import shutil
from pathlib import Path

import pytest
from django.conf import settings

from tests import books, event_files, journals

# Each window of a replay is committed, as it is wherever people replay: in one transaction over all
# of it PostgreSQL keeps each version of each row, and has no statistics, and days take hours.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.full]

REAL = Path(settings.BASE_DIR).parent / "shared" / "data"


@pytest.mark.parametrize("name", ["olist-2017-q1.jsonl.gz", "olist-2017.jsonl.gz"])
def test_beancount_proves_the_journal_of_a_real_marketplace(name: str, tmp_path: Path) -> None:
    if not (REAL / name).exists():
        pytest.skip(f"there is no {name}")
    event_files.replay(Path(shutil.copy(REAL / name, tmp_path)))
    books.assert_clean()
    assert journals.prove() > 1000
