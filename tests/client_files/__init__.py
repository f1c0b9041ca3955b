"""Client files composed at random, each with the truth about it: what the reader is measured on."""
