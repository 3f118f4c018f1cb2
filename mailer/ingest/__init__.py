"""Bytes to stories: feeds, JSON, printed pages, and the guarded way to fetch them.

Knows how a foreign document is read and made harmless. Which stories are new, and where they are
kept, is left to flows and store.
"""
