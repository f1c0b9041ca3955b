"""What the columns mean: roles, channels, controls; what is missing or doubtful; and the data profile."""
