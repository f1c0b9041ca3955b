"""A table of text in any shape, laid out with one row per period and panel unit."""
