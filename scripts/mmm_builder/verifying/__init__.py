"""Whether a finished run is what its provenance says, here or elsewhere, and whether it comes out again."""
