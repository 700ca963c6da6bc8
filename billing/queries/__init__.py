"""Reads the books of billing; a module for each thing that is asked about. Nothing here writes."""
