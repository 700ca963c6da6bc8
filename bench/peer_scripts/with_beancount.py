"""Loads the same file of entries with beancount, once for each line of stdin."""

import json
import sys
import time

from beancount import loader

sys.stdout.write("ready\n")
sys.stdout.flush()
for _ in sys.stdin:
    started = time.perf_counter()
    entries, errors, _options = loader.load_file(sys.argv[1])
    assert not errors, errors[:3]
    sys.stdout.write(json.dumps({"seconds": time.perf_counter() - started}) + "\n")
    sys.stdout.flush()
