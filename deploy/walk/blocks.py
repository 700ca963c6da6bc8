"""The commands of docs/operations.md, by name: what stands in ```sh NAME … ```.

blocks.py FILE          the names, in their order
blocks.py FILE NAME     the commands of one
"""

import re
import sys
from pathlib import Path


def blocks(text: str) -> dict[str, str]:
    """The commands of each block of the text by its name. Ends the program if two blocks have one
    name.
    """
    found = re.findall(r"^```sh (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    names = [name for name, _commands in found]
    if len(set(names)) != len(names):
        sys.exit(f"A name stands for two blocks: {names}")
    return dict(found)


if __name__ == "__main__":
    known = blocks(Path(sys.argv[1]).read_text())
    if len(sys.argv) == 2:
        print("\n".join(known))
    elif sys.argv[2] in known:
        print(known[sys.argv[2]], end="")
    else:
        sys.exit(f"{sys.argv[1]} has no block named {sys.argv[2]}.")
