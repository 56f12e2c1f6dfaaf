"""Language models behind one protocol: grids in, grids and log-probabilities out."""
