"""What several readers see: the frame of a page, level marks, the why panel, evidence lists."""
