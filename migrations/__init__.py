"""The schema and how it came to be: first the DLCS's own tables (made or adopted), then the engine's.

Knows no room but images/, which generates the functions that check policies inside PostgreSQL.
"""
