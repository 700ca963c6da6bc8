"""Benchmarks of the hot paths, each compared with the least SQL that does the same work in the same
run.

`manage.py bench` runs the parts of the whole (bench.parts), each on a scratch database of the
server in use, with durable commits, and writes the table of docs/performance.md.
"""
