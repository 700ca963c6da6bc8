"""Benchmarks of the hot paths, each against the least SQL that does the same work in the same run.

`manage.py bench` runs them on a scratch database of the server in use, with durable commits.
"""
