"""What is refused: an event, or a decision."""


class Refused(Exception):
    """A rejected event; `code` is its outcome's code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
