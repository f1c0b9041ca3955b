"""The library that the stages share. It never runs Snakemake and never reads `snakemake`."""
