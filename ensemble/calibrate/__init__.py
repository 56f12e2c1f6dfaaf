"""`ensemble calibrate`: how far evidence can be trusted, fitted on runs over training tasks."""
