"""Hurts the built server while clients use it, and compares what they were told with what is
there afterwards. Needs nothing but Python's own library; start at `__main__`."""
