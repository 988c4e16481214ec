"""The command line: one small module for each command; only here is anything printed."""
