"""What is wrong with a file: each fault with its line, its field and a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from lib.refusals import Refused

MOST_TOLD = 1000  # on the page; whoever has more mends the first, and uploads again


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, as a person finds it in the file."""

    line: int  # the first is 1
    field: str  # "" where the line as a whole is at fault
    reason: str

    def __str__(self) -> str:
        return f"Line {self.line:,}{self.field and f', {self.field}'}: {self.reason}."


class UnreadableFile(Refused):
    """The file as a whole cannot be read: it is empty, too large, in another encoding, or has too
    many rows.
    """

    code = "unreadable_file"


class BadRows(Refused):
    """Some lines of the file cannot be right. Nothing of the file was stored."""

    code = "bad_rows"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.line)
        lines = len({fault.line for fault in faults})
        super().__init__(
            f"{lines:,} {'line' if lines == 1 else 'lines'} cannot be right: {self.faults[0]}"
        )

    def told(self) -> list[str]:
        """A sentence for each of the first MOST_TOLD faults, by line, and one that counts the
        others, if any.
        """
        told = [str(fault) for fault in self.faults[:MOST_TOLD]]
        left = len(self.faults) - len(told)
        return [*told, f"There are {left:,} more faults."] if left else told
