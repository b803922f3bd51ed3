"""Tests of the image processor, without its service."""
