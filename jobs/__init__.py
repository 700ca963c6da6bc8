"""Runs the jobs of the timetable: finds the rows that are due, works them off in chunks, and
records each run and the rows that failed.
"""
