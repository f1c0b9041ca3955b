"""From a file as clients export it to a profile of roles and the canonical table."""
