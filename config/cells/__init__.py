"""Which tables are shared and which are a cell's, and what enters a cell: see lib.cells."""
