"""What a principal opens: this week."""
