"""The whole benchmark as one table: its parts at tiny sizes, in bounded time, and resumed."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from bench import parts, running, table
from bench.figures import Figure, less_is_better, measure, more_is_better
from bench.parts import Part
from bench.running import Found
from bench.sized import TINY, VARIABLE
from tests.whole import full

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = """# Performance

<!-- make bench, tiny: begins -->
what stood there
<!-- make bench, tiny: ends -->

more
"""
QUICK = ("replay",)
GROWTH = ("growth-1000",)  # whose curves are drawn


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """All parts of the bench run at their tiny size."""
    monkeypatch.setenv(VARIABLE, TINY)


def found_by(part: Part) -> Found:
    """What the part finds in the tests' database."""
    figures = [said for said in part.report() if isinstance(said, Figure)]
    return Found(part.name, figures, 1.5, "", "0123abcd", "2026-11-27 20:00", 0.4)


def document(folder: Path) -> Path:
    """A copy of DOCUMENT as docs/performance.md in the folder."""
    path = folder / "performance.md"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


def test_the_bounds_of_all_parts_make_15_minutes_and_in_full_90(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for size, minutes in (("usual", 15), ("full", 90)):
        monkeypatch.setenv(VARIABLE, size)
        names = [part.name for part in parts.parts()]
        assert sum(part.seconds for part in parts.parts()) <= minutes * 60
        assert (len(names), len(set(names))) == ((17, 17) if size == "usual" else (20, 20))


@pytest.mark.parametrize(
    "names",
    [QUICK, *full(*(((one.name,),) for one in parts.parts() if one.name not in QUICK))],
    ids=lambda names: names[0],
)
def test_each_part_becomes_rows_of_the_table_with_its_floor_its_target_and_what_was_sent(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    found = [found_by(part) for part in parts.parts() if part.name in names]
    assert {part.part for part in found if part.figures} == set(names)
    said = table.write(document(tmp_path), found)
    written = (tmp_path / "performance.md").read_text(encoding="utf-8")
    rows = [line for line in written.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == sum(len(part.figures) for part in found)
    for row in rows:
        what, ours, _floor, figure, _target, _verdict, sent, rounds = row[2:-2].split(" | ")
        assert "" not in (what, ours, sent)
        assert (int(rounds) >= 1, float(figure.replace(",", "")) >= 0) == (True, True)
    assert said in written
    assert "commit 0123abcd, 2026-11-27" in written
    assert (written.startswith("# Performance\n"), written.endswith("\nmore\n")) == (True, True)
    assert "what stood there" not in written
    for picture in (tmp_path / "plots").iterdir():
        assert fromstring(picture.read_text(encoding="utf-8")).tag.endswith("svg")
    drawn = {one.stem for one in (tmp_path / "plots").iterdir()}
    if names == QUICK:
        assert drawn == {"targets"}
    if names == GROWTH:
        assert drawn == {"posting", "closing", "billing", "overview", "export", "targets"}


def test_points_of_growth_are_drawn_as_a_curve(tmp_path: Path) -> None:
    points = [
        replace(
            less_is_better(
                f"posting at {charges} charges", [(2.0, 1.0)], floor="with 1,000 charges",
                sent="100 charges", at_most=1.5,
            ),
            curve="posting", charges=charges, milliseconds=2.0, beside=1.0,
        )
        for charges in (1_000, 10_000)
    ]  # fmt: skip
    found = Found("growth", points, 1.5, "", "0123abcd", "2026-11-27 20:00", 0.4)
    said = table.write(document(tmp_path), [found])
    assert "](plots/posting.svg)" in said
    drawn = {one.stem: one.read_text(encoding="utf-8") for one in (tmp_path / "plots").iterdir()}
    assert drawn.keys() == {"posting", "targets"}
    assert all(fromstring(picture).tag.endswith("svg") for picture in drawn.values())
    assert "with 1,000 charges" in drawn["posting"]


@pytest.mark.full  # parts that end are above
def test_a_part_that_hangs_is_broken_off_and_the_next_one_that_fails_keeps_what_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "commit", lambda: "0123abcd")
    one = measure("so far", [3.0, 1.0, 2.0], unit="s", sent="nothing", at_most=1.0)
    said: list[str] = []

    def hangs() -> Iterator[Figure]:
        yield one
        time.sleep(600)

    def fails() -> Iterator[tuple[str, str]]:
        yield "a line", "of the report"
        raise ValueError("a mistake")

    def whole() -> Iterator[Figure]:
        yield replace(one, figure=0.5, is_reached=True)

    began = time.monotonic()
    for name, report in (("hangs", hangs), ("fails", fails), ("whole", whole)):
        found = running.run(Part(name, report, 1, 1), tmp_path, said.append)
        assert found == running.read(tmp_path / f"{name}.json")
    assert time.monotonic() - began < 60
    kept = [running.read(tmp_path / f"{name}.json") for name in ("hangs", "fails", "whole")]
    assert [found.lacks for found in kept if found] == [
        "broken off after 1 s",
        "failed: RuntimeError('ValueError: a mistake')",
        "",
    ]
    assert kept[0] is not None
    assert (kept[0].figures, kept[0].figures[0].figure) == ([one], 2.0)
    written = table.write(document(tmp_path), [found for found in kept if found])
    assert "**hangs** is not whole: broken off after 1 s." in written
    assert "2 figures have a target; 1 of them miss it." in written
    assert "| so far | 2.000 s | – | 2.00 | ≤ 1 | **NOT REACHED** | nothing | 3 |" in written

    # What is whole at this commit is not run again; all else is.
    said.clear()
    assert running.run(Part("whole", fails, 1, 1), tmp_path, said.append) == kept[2]
    assert [line.partition(", of ")[0] for line in said] == ["whole: as kept"]
    assert running.run(Part("fails", whole, 1, 1), tmp_path, said.append).lacks == ""
    monkeypatch.setattr(running, "commit", lambda: "another")
    assert running.run(Part("whole", fails, 1, 1), tmp_path, said.append).lacks != ""


def test_a_figure_is_the_median_of_the_rounds_ratios_and_not_the_ratio_of_medians() -> None:
    rounds = [(10.0, 20.0), (90.0, 100.0), (30.0, 50.0)]
    more = more_is_better("orders", rounds, floor="least SQL", sent="some", at_least=0.6)
    assert (more.figure, more.ours, more.floor) == (0.6, "30.0 a second", "least SQL: 50.0")
    assert (more.target, more.verdict, more.rounds) == ("≥ 0.6", "reached", 3)
    less = less_is_better("closing", rounds, floor="one statement", sent="some", at_most=0.5)
    assert (less.figure, less.verdict) == (0.6, "NOT REACHED")
    assert less_is_better("closing", rounds, floor="one", sent="some").verdict == ""
