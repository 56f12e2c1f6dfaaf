"""The search for programs: bottom-up enumeration, greedy painting, and learned cell rules."""
