"""docs/rules.md, docs/glossary.md and docs/where.md are true: what they name is there."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCS = ROOT / "docs"
RULES = (DOCS / "rules.md").read_text()
# Looked for in all texts there are: what begins with a letter is found much faster than a boundary.
CITED = re.compile(r"[Rr]ule\s+(?:#\s*)?(\d+\.\d+)")
CITED_OTHERWISE = re.compile(r"[Rr]ule(?:s \d+\.\d| \d+(?!\.?\d))")
ELSEWHERE = ("domain page", "domain.md", "(domain:")
DEFINED = re.compile(r"^ *def (\w+)\(|^class (\w+)|^(\w+)(?:: .+?)? = ", re.M)
NOT_BUILT = "*Not built yet.*"
WITHDRAWN = "*Withdrawn.*"


def rules() -> dict[str, list[str]]:
    """Each rule's number, and the list below it."""
    found: dict[str, list[str]] = {}
    for number, text in re.findall(r"^\*\*(\d+\.\d+)\*\* (.+?)(?=\n\n|\Z)", RULES, re.M | re.S):
        assert number not in found, number
        found[number] = re.findall(r"^- (.+)$", text, re.M)
    return found


def packages() -> list[Path]:
    """The folders of our own code, without its tests."""
    found = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"]
    assert len(found) >= 4
    return found


@cache
def tree(path: Path) -> ast.Module:
    """The module at this path, parsed."""
    return ast.parse(path.read_text())


@cache
def names_of_tests(path: Path) -> set[str]:
    """The names of the tests in the module, which stand at the beginning of a line."""
    return set(re.findall(r"^def (test_\w+)\(", path.read_text(), re.M))


def names_in(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """What these statements define."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.ClassDef():
                yield statement.name, statement
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, statement


# --- the rule book --------------------------------------------------------------------------------


def test_rules_are_numbered_in_order_and_without_a_gap() -> None:
    """So no number is ever given away again: whoever drops a rule leaves its place."""
    chapters = re.findall(r"^## (\d+)\. ", RULES, re.M)
    assert chapters == [str(number) for number in range(1, len(chapters) + 1)]
    numbers = [tuple(map(int, number.split("."))) for number in rules()]
    expected = (1, 1)
    for number in numbers:
        assert number in (expected, (expected[0] + 1, 1))
        expected = (number[0], number[1] + 1)
    assert numbers[-1][0] == len(chapters)
    assert len(numbers) == len(re.findall(r"^\*\*\d", RULES, re.M)) >= 290


def test_each_rule_names_the_tests_that_hold_it() -> None:
    for number, below in rules().items():
        if below not in ([f"{NOT_BUILT}"], [f"{WITHDRAWN}"]):
            assert below, number
            assert all(re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`", held) for held in below), (
                number
            )


def test_each_named_test_exists() -> None:
    for path, name in sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", RULES))):
        assert name in names_of_tests(ROOT / path), f"{path}::{name}"


def test_each_choice_that_is_named_is_among_the_decisions() -> None:
    chosen: dict[str, set[str]] = {}
    for section in (DOCS / "decisions.md").read_text().split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        bold = re.findall(r"^- \*\*(.+?)\*\*", text, re.M | re.S)
        chosen[title.lower().replace(" ", "-")] = {_plain(words) for words in bold}
    named = re.findall(r"\[([^\]]+)\]\(decisions\.md#([\w-]+)\)", RULES)
    assert len(named) > 60
    for words, section in named:
        assert _plain(words) in chosen[section], words


def _plain(words: str) -> str:
    """The words without marks and blanks at their ends."""
    return " ".join(words.replace("`", "").split()).strip(".,:")


@cache
def texts() -> list[tuple[Path, str]]:
    """All that may cite a rule: code, tests, pages and documents."""
    found = []
    for folder in (*packages(), ROOT / "tests", ROOT / "templates", DOCS):
        for path in folder.rglob("*"):
            if path.suffix in (".py", ".html", ".md") and path != Path(__file__):
                found.append((path, path.read_text()))
    return found


def test_each_cited_rule_exists() -> None:
    known = rules()
    chapters = {number.partition(".")[0] for number in known}
    citing = 0
    for path, text in texts():
        cited = CITED.findall(text)
        citing += bool(cited)
        assert [number for number in cited if number not in known] == [], path
        assert set(re.findall(r"chapter (\d+)", text)) <= chapters, path
    assert citing > 100


def test_rules_are_cited_in_one_way() -> None:
    """Not as `rules 4.2` or `Rule 4`, and by no page that is not in the repository."""
    for path, text in texts():
        assert CITED_OTHERWISE.findall(text) == [], path
        assert [words for words in ELSEWHERE if words in text] == [], path


# --- where it is ----------------------------------------------------------------------------------


def test_what_a_newcomer_looks_for_is_there() -> None:
    rows = [line for line in (DOCS / "where.md").read_text().splitlines() if line.endswith("` |")]
    assert len(rows) >= 20
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", row)
        assert named, row
        for path, name in named:
            if name:
                assert name in _defined_in(ROOT / path), f"{path}::{name}"
            assert (ROOT / path).exists()


@cache
def _defined_in(path: Path) -> set[str]:
    """The names that the module defines at its top, and those of all its functions."""
    found = DEFINED.findall(path.read_text())
    return {name for names in found for name in names if name}


# --- the glossary ---------------------------------------------------------------------------------


def terms() -> list[list[str]]:
    """English, Chinese, Thai, words in code, definition."""
    lines = (DOCS / "glossary.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return [row for row in rows if len(row) == 5 and row[0] != "English"]


@cache
def places() -> dict[str, list[Path]]:
    """The modules that may define something at their top, by its name: those with a line that
    begins with it. They alone are parsed.
    """
    found: dict[str, list[Path]] = {}
    for package in packages():
        for path in package.rglob("*.py"):
            for name in set(re.findall(r"^(?:def |class )?(\w+)", path.read_text(), re.M)):
                found.setdefault(name, []).append(path)
    return found


def code(word: str) -> list[ast.stmt]:
    """What is defined at the top of our modules by this name, or by `module.name`."""
    module, _, name = word.rpartition(".")
    found: list[ast.stmt] = []
    for path in places().get(name, []):
        stem = path.parent.name if path.stem == "__init__" else path.stem
        if module in ("", stem):
            found += [one for known, one in names_in(tree(path).body) if known == name]
    return found


def is_in_code(word: str) -> bool:
    """Whether the word names something in the code, as a name or as `Class.name`."""
    if code(word):
        return True
    first, *rest = word.split(".")
    inside = [one for one in code(first) if isinstance(one, ast.ClassDef)]
    for name in rest:
        found = [part for one in inside for known, part in names_in(one.body) if known == name]
        if not found:
            return False
        inside = [one for one in found if isinstance(one, ast.ClassDef)]
    return bool(rest)


def test_each_term_has_its_word_in_code() -> None:
    assert len(terms()) > 110
    for term, _, _, words, _ in terms():
        named = re.findall(r"`([\w.]+)`", words)
        assert named, term
        assert [word for word in named if not is_in_code(word)] == [], term


def test_no_term_stands_there_twice() -> None:
    english = [row[0] for row in terms()]
    assert len(english) == len(set(english))


@pytest.mark.parametrize("word", ["Bill", "Invoice.bill", "Invoice.Status.GONE", "days.sleep"])
def test_a_word_that_is_not_in_code_would_be_found(word: str) -> None:
    assert not is_in_code(word)


def test_pages_have_each_term_in_chinese_and_thai() -> None:
    """One text that people read has both words, so that they are translations of one another."""
    chinese, thai = catalogue("zh_Hans"), catalogue("th")
    for term, in_chinese, in_thai, _, _ in terms():
        if (in_chinese, in_thai) != ("—", "—"):
            both = [key for key in chinese if in_chinese in chinese[key] and in_thai in thai[key]]
            assert both, f"{term}: {in_chinese}, {in_thai}"


def catalogue(language: str) -> dict[object, str]:
    """The translation of each message into the language, by message and context."""
    with (Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po").open(
        "rb"
    ) as file:
        messages = [message for message in read_po(file) if message.id]
    return {(str(one.id), one.context): " ".join(_forms(one.string)) for one in messages}


def _forms(string: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """The forms of a translation, one for each number."""
    return [string] if isinstance(string, str) else list(string or ())
