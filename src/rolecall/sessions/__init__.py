"""Target → Credentials."""
