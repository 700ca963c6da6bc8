"""Puts together what the packages say on the help page (lib.help), and finds entries of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, override
from django_stubs_ext import StrOrPromise

from lib.help import BOOKS, Entry, FirstStep, Term, Topic
from merchants.models import Merchant
from pages import navigation

MOST_FOUND = 8


@dataclass(frozen=True)
class PageLink:
    title: StrOrPromise
    address: str


@dataclass(frozen=True)
class Answer:
    """An entry as one merchant reads it."""

    anchor: str
    question: StrOrPromise
    text: StrOrPromise
    links: Sequence[PageLink]


@dataclass(frozen=True)
class Step:
    """A first step, and whether this merchant has done it."""

    title: StrOrPromise
    why: StrOrPromise
    address: str
    is_done: bool


@dataclass(frozen=True)
class Word:
    """A term, with its names in the other languages."""

    name: StrOrPromise
    others: Sequence[tuple[str, str]]  # language and name
    meaning: StrOrPromise

    def is_called(self, wanted: str) -> bool:
        """Whether the text, normalised by navigation.plain, fits its name in any language
        (navigation.fits).
        """
        names = (str(self.name), *(name for _, name in self.others))
        return any(navigation.fits(wanted, navigation.plain(name)) for name in names)


@dataclass(frozen=True)
class Help:
    """All that the help page says for one merchant."""

    steps: Sequence[Step]
    topics: Sequence[tuple[Topic, Sequence[Answer]]]
    words: Sequence[Word]

    def find(self, text: str) -> tuple[Sequence[Answer], Sequence[Word]]:
        """The answers and the terms (`words`) that `text` may mean, as a pair. Answers are those of
        the entries that the module's `find` finds, at most MOST_FOUND; where it finds none, a
        question is understood by what is left of it without its asking words. Terms are those of
        which the whole text fits a name in any language.
        """
        found = find(text) or find(navigation.without_asking(text))
        anchors = [entry.anchor for entry in found]
        answers = [one for _, group in self.topics for one in group if one.anchor in anchors]
        wanted = navigation.plain(text)
        words = [word for word in self.words if wanted and word.is_called(wanted)]
        return sorted(answers, key=lambda one: anchors.index(one.anchor)), words

    @property
    def steps_left(self) -> int:
        """How many steps are still to be done."""
        return sum(not step.is_done for step in self.steps)


def of(merchant: Merchant, today: date) -> Help:
    """What the help page says for the merchant, whose line and account are loaded, on its local day
    `today`: first steps with whether they are done, questions by topic with their answers, and
    terms, of all books, in the language in force.
    """
    steps: list[tuple[int, Step]] = []
    answers: list[tuple[Topic, Answer]] = []
    for book in BOOKS:
        about = book.about(merchant, today)
        steps += [(step.place, _step(step, about, merchant)) for step in book.steps]
        answers += [(entry.topic, _answer(entry, about, merchant)) for entry in book.entries]
    answers.sort(key=lambda one: one[0].place)
    return Help(
        steps=[step for _, step in sorted(steps, key=lambda one: one[0])],
        topics=[
            (topic, [answer for _, answer in group])
            for topic, group in groupby(answers, key=lambda one: one[0])
        ],
        words=sorted(
            (_word(term) for book in BOOKS for term in book.terms),
            key=lambda word: str(word.name).casefold(),
        ),
    )


def find(text: str) -> list[Entry[Any]]:
    """The entries that `text` may mean, at most MOST_FOUND. An entry is meant if each word of the
    text starts a word of its question, or of one and the same of its other names, in any language.
    Text in Chinese or Thai (any that is not ASCII) only has to be in one of these names; other text
    of fewer than navigation.SHORTEST letters has to be a whole one. Empty text means none.
    """
    wanted = navigation.plain(text)
    if not wanted:
        return []
    entries = (entry for book in BOOKS for entry in book.entries)
    found = [
        entry for entry in entries if any(navigation.fits(wanted, name) for name in _names(entry))
    ]
    return found[:MOST_FOUND]


def _step(step: FirstStep[Any], about: Any, merchant: Merchant) -> Step:
    """The first step as the page shows it: title, reason, the address of its page, and whether the
    merchant has done it, as `about` says.
    """
    address = navigation.address(step.page, merchant.reference)
    return Step(step.title, step.why, address, step.is_done(about))


def _answer(entry: Entry[Any], about: Any, merchant: Merchant) -> Answer:
    """The entry as the merchant reads it: its question, the answer with the figures of `about`, and
    links to its pages.
    """
    links = list(_links(entry, merchant.reference))
    return Answer(entry.anchor, entry.question, entry.answer(about), links)


def _links(entry: Entry[Any], reference: str) -> Iterator[PageLink]:
    """Yield a link to each of the entry's pages for the merchant with this reference, by the name
    that the page has elsewhere.
    """
    for page in navigation.PAGES:
        if page.asked or page.route not in entry.pages:
            continue
        if address := page.address(reference):
            yield PageLink(page.title, address)


def _word(term: Term) -> Word:
    """The term with its names in the other languages, and its meaning."""
    names = _in_all_languages(term)
    others = [(code, name) for code, name in names if code != get_language()]
    return Word(term.name, others, term.meaning)


@cache
def _in_all_languages(term: Term) -> Sequence[tuple[str, str]]:
    """(language's code, term's name in it) for each language."""
    return list(_said(term.name))


@cache
def _names(entry: Entry[Any]) -> frozenset[str]:
    """The question in all languages, and all other names of the entry, normalised by
    navigation.plain.
    """
    said = (name for _, name in _said(entry.question))
    plain = map(navigation.plain, (*said, *entry.words.split(";")))
    return frozenset(filter(None, plain))


def _said(text: StrOrPromise) -> Iterator[tuple[str, str]]:
    """Yield (language's code, the text in it) for each language."""
    for code, _name in settings.LANGUAGES:
        with override(code):
            yield code, str(text)
