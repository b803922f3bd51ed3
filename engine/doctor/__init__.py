"""The doctor: tries every dependency of the engine for real, and says in words what is wrong and what to do.

One module per dependency; each gives findings and decides nothing about the others. `sluice doctor` prints them.
"""
