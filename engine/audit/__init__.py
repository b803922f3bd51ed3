"""The audit: does the database say what the buckets hold? For `sluice audit` and the chaos test.

`compare` decides from rows and listings alone; `auditor` reads both sides, page by page, and repairs what is safe.
"""
