"""`ensemble ablate`: the method row by row without one of its parts."""
