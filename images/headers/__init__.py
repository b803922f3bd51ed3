"""One module per image format: from as few bytes as the format allows to an ImageHeader."""
