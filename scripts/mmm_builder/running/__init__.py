"""Driving the workflow from outside: its settings, command, progress and state."""
