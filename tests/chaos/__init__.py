"""Chaos: a composed system, a seeded schedule of faults, and a verdict from outside. `make chaos`, see `__main__`."""
