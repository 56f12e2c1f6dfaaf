"""The merge: from candidates of several sources to two attempts, and the trust each deserves."""
