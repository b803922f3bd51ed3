"""Ways of reading an image file, one module each; `registry` says which format is read by which."""
