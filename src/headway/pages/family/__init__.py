"""What a family opens: how is my child."""
