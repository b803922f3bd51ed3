"""A small IIIF image server: the Image API 3.0 at level 2, on images in S3. Stands in for Cantaloupe locally."""
