"""Bytes in: one module per origin strategy, one explicit registry. May import policies and images, never engine."""
