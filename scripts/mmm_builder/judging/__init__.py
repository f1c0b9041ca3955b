"""Scores, the checks of both gates, and the ledger of looks at the holdout."""
