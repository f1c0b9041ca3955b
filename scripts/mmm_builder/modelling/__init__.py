"""The model: its parts in closed tables, the PyMC model made of them, sampling, and prediction without PyMC."""
