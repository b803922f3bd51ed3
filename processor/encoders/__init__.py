"""Encoders, one module each, behind the port in `port`; `registry` is the list of them."""
