"""rolecall: deploy to many AWS accounts from one pipeline."""

__version__ = "0.1.0"
