"""Writing a tree into an HDF5 file: whole or absent, the same bytes for the same input."""
