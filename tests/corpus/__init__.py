"""A corpus of image files that the tests make themselves: every format and kind that the processor reads.

Each `Specimen` writes a file and knows the pixels that should come out of it. Nothing here is anybody's photograph.
"""
