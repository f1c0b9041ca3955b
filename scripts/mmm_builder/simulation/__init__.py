"""Clients with known truth, for the example and the tests."""
