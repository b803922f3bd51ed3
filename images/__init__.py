"""The pure leaf: IIIF sizes, recipes and image headers. Used by every room, knows none of them."""
