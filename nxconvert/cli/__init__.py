"""The command line: one small module per command, shared options in `options`, what is printed in `talk`."""
