"""Running jobs: what is due is found, worked off in chunks, and put on record with what failed."""
