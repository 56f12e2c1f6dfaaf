"""The search for programs: enumeration, painting, learned rules, and ways for certain tasks."""
