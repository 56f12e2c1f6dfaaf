"""Property signatures: what is true of a task's demonstrations, in a few dozen words."""
