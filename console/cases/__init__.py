"""What the pages about one case are made of: chips, forms of its actions, its timeline."""
