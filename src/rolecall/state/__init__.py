"""What succeeded in a run, remembered beyond the process, so that a retried stage skips it."""
