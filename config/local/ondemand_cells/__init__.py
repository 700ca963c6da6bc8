"""The back end for PostgreSQL that first has to be started, with books in cells."""
