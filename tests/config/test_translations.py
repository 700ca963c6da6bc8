"""Every text that people read is there in every language, and compiled."""

import re
import shutil
from pathlib import Path

import pytest
from django.test import Client
from django.utils.translation import gettext, override
from pytest_django import Settings

from billing.models import Fee
from config import translations
from tests.factories import UserFactory, browser_of


@pytest.fixture(scope="module")
def problems() -> list[str]:
    """What is wrong with the catalogues, as `manage.py messages` would say it."""
    return translations.problems()


@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_nothing_is_untranslated_fuzzy_or_stale(language: str, problems: list[str]) -> None:
    assert [problem for problem in problems if problem.startswith(f"{language}:")] == []


@pytest.mark.parametrize(
    ("language", "limit"), [("en", "Credit"), ("zh-hans", "先用后付"), ("th", "เครดิต")]
)
def test_the_compiled_files_are_those_in_use(language: str, limit: str) -> None:
    with override(language):
        assert limit in gettext("Credit")


@pytest.mark.django_db
@pytest.mark.parametrize("language", translations.LANGUAGES)
def test_what_fees_are_called_and_mean_is_translated(language: str) -> None:
    for fee in Fee.objects.all():
        with override(language):
            assert gettext(fee.name) != fee.name
            assert gettext(fee.definition) != fee.definition


@pytest.fixture
def a_copy(tmp_path: Path, settings: Settings) -> Path:
    """The folder of a copy of all that is searched and of the catalogues, to be changed."""
    for name in (*translations.SOURCES, "config"):
        shutil.copytree(settings.BASE_DIR / name, tmp_path / name, dirs_exist_ok=True)
    settings.BASE_DIR = tmp_path
    return tmp_path


@pytest.mark.full  # that none is missed now is told above
@pytest.mark.parametrize("sources", [("merchants",), translations.SOURCES])
def test_a_new_text_is_missed_until_it_is_translated(
    a_copy: Path, sources: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translations, "SOURCES", sources)
    (a_copy / "merchants" / "new.py").write_text('_("Nobody has translated this.")\n')
    assert [problem for problem in translations.problems() if "Nobody has" in problem] == [
        "zh-hans: not in the catalogue: 'Nobody has translated this.'",
        "th: not in the catalogue: 'Nobody has translated this.'",
    ]
    translations.update()
    assert [problem for problem in translations.problems() if "Nobody has" in problem] == [
        "zh-hans: not translated: 'Nobody has translated this.'",
        "th: not translated: 'Nobody has translated this.'",
    ]


@pytest.mark.full
def test_a_translation_without_its_compiled_file_is_stale(a_copy: Path) -> None:
    (a_copy / "config" / "locale" / "th" / "LC_MESSAGES" / "django.mo").write_bytes(b"")
    assert "th: the compiled file is stale" in translations.problems()


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "letters"), [("zh-hans", "一-鿿"), ("th", "ก-๛")])
@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/1-x/",
        "/accounts/signup/",
        "/accounts/inactive/",
        "/accounts/2fa/",
        "/accounts/password/change/",
        "/accounts/reauthenticate/",
        "/accounts/logout/",
        "/accounts/sessions/",
        "/accounts/email/",
    ],
)
def test_pages_of_others_are_in_no_mixture_of_languages(
    language: str, letters: str, path: str
) -> None:
    person = UserFactory.create(language=language)
    is_before = any(name in path for name in ("login", "reset", "signup", "inactive"))
    client = Client() if is_before else browser_of(person)
    page = client.get(path, headers={"Accept-Language": language}).content.decode()
    main = page[page.index("<main") : page.index("</main>")].partition('<form class="languages"')[0]
    shown = " ".join(re.sub(r"<script.*?</script>|<[^>]+>", " ", main, flags=re.DOTALL).split())
    assert re.search(f"[{letters}]", shown)
    others = shown.replace(person.email, "")
    assert not re.search(r"[A-Za-z']+ [A-Za-z']+ [A-Za-z']+", others), shown
