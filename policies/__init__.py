"""The pure core: every decision of an ingest, as functions from frozen values to frozen values.

No await, no clock, no chance, no environment, no I/O library: what a decision needs is an argument.
"""
