"""Notices of mail services: whether they prove themselves, and what they tell; one service a file.

Foreign documents may be anything: what has another shape than we know is counted as ignored.
"""
