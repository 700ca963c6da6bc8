"""Reads the book of credit; a module for each thing that is asked about. Nothing here writes."""
