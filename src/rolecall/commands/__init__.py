"""profile → commands."""
