"""Outcome → message → whoever NOTIFY names."""
