"""Result… → report."""
