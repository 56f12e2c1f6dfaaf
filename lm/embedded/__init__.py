"""The embedded model: a small transformer over one pair, conditioned by a task vector."""
