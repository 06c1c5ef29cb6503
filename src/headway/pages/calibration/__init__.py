"""Pages of scoring together: what waits to be scored, the blind rounds, where people differ, what each and all may learn."""
