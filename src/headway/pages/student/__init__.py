"""What a student opens: Now, My continuum."""
