"""The score comparison: everything a report says about runs and submissions."""
