"""The policy: remedies, what they are worth on the training rows, and the decision. Never imports PyMC."""
