"""Celery around the flows: the application, its queues, its tasks, the worker inside a process.

The broker is a doorbell (I3): tasks carry ids, the database is the truth.
"""
