"""The edge: the only code that reads the process's environment and arguments."""
