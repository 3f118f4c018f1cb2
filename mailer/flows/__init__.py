"""What we do: one verb a file.

Transactions begin and end here, and every flow can be run twice (I8).
"""
