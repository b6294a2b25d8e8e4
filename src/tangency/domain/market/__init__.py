"""What a method needs to know about the assets."""
