"""rolecall: deploy to many AWS accounts from one pipeline."""

__version__ = "0.2.0"
