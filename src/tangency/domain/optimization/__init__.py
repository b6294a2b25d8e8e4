"""What was asked, by which method, with which answer and what proof."""
