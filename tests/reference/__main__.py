"""python -m tests.reference FILE --until T [--no-refunds] [--no-reviews] [--no-dunning]
> state.json
"""

import argparse
import json
import sys
from pathlib import Path

from .audit import audit
from .days import parse_instant
from .replay import replay


def main() -> None:
    """Print the books that the reference's model makes of a file of events."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--until", required=True)
    for flag in ("refunds", "reviews", "dunning"):
        parser.add_argument(f"--no-{flag}", dest=flag, action="store_false")
    options = parser.parse_args()
    until = parse_instant(options.until)
    if until is None:
        parser.error("--until must be RFC 3339 with an offset")
    flags = {"refunds": options.refunds, "reviews": options.reviews, "dunning": options.dunning}
    model = replay(options.file, until, **flags)
    audit(model)
    json.dump(model.state(), sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
