"""Credentials → profile."""
