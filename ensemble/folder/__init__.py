"""The run folder: what a run keeps, takes over from elsewhere and hands on."""
