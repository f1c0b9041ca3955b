"""The written record of a run: selection, history, the analysis section by section, pictures."""
