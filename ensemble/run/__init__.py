"""A run: units of work, who does them, and in which order."""
