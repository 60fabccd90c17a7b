"""Settings and targets → the plan that people approve, and how a run differs from it."""
