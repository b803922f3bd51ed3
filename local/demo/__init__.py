"""The demo: pictures of our own making, ingested as one batch on real parts, and a page to look at them."""
