"""Pages for everybody: the door, a continuum in a family's words, health."""
