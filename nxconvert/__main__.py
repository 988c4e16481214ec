"""Lets ``python -m nxconvert`` do what ``nxconvert`` does."""

from nxconvert.cli.main import run

if __name__ == "__main__":
    run()
