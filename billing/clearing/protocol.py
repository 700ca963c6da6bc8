"""What a provider of clearing does: Chinese 数电票, Thai e-Tax and their like come as one of these.

An attempt has a key. Sending the same key again must not make a second document there; nevertheless
it is asked for first, whenever it may have been sent.
"""

from dataclasses import dataclass
from typing import Protocol


class NoAnswer(Exception):
    """The provider did not answer, so that it may have the document or not."""


@dataclass(frozen=True)
class Answer:
    """What is known of an attempt: its number, why it was refused, or neither while it waits."""

    number: str = ""
    refusal: str = ""  # in words for operators
    file: bytes = b""  # the document as the tax office has made it, if it makes one
    file_name: str = ""

    @property
    def is_final(self) -> bool:
        """Whether the tax office gave a number or refused."""
        return bool(self.number or self.refusal)


class Provider(Protocol):
    """Asks a tax office, or a company that does. Each method raises NoAnswer."""

    def send(self, key: str, document: bytes) -> Answer:
        """Send the document, XML in UBL, under the attempt's key, and return what the provider
        says. The same key again makes no second submission. Raises NoAnswer.
        """

    def find(self, key: str) -> Answer | None:
        """Return what is known of the attempt that was sent under this key; None if it was never
        received. Raises NoAnswer.
        """
