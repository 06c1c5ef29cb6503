"""What a teacher opens: Today, the class grid, rating a stack, a student."""
