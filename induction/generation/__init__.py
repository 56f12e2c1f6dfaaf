"""Generation: tasks of our own, made by running random programs on inputs that exercise them."""
