"""The one ancestor of every refusal, so that a door can answer all of them in the same way."""


class Refused(Exception):
    """An operation refused to do what it was asked. Nothing was changed, unless the refusal's
    docstring says so.

    `code` is the word the platform's systems read (rule 23.5); `str()` is the sentence a person
    reads.
    """

    code = "invalid"


class Invalid(Refused):
    """A value that no merchant could ever have: malformed, out of range, or of an unknown name."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class CurrencyMismatch(Refused):
    """The amount is in another currency than the merchant's; Tael never converts."""

    code = "currency_mismatch"

    def __init__(self, given: str, expected: str) -> None:
        super().__init__(f"currency: {given} given, this merchant's is {expected}")


class Conflict(Refused):
    """The reference is known already, with other content."""

    code = "conflict"
