"""Measures rolecall beside what people use today; run by `make bench`."""
