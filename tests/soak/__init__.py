"""Runs rolecall again and again while things go wrong, and counts what it gets wrong itself."""
