"""What `rolecall init` writes: texts, made of what was told and of what was found."""
