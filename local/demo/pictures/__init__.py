"""Sample pictures, drawn by arithmetic so that nobody's rights are in them: each module draws one kind."""
