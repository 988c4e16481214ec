"""Conversion of whole trees: `walk` and `inputs` find what there is, `ledger` knows what has been done of it,
`local` and `cluster` do the rest in other processes, and `run` brings them together.
"""
