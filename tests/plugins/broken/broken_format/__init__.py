"""A package whose plug-ins do not load."""
