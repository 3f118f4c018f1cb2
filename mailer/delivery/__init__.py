"""Delivery: the backends that hand a message to the outside world.

`open_backend` is the way in. What becomes of an Outcome is the flows' business.
"""

from mailer.delivery.registry import open_backend

__all__ = ["open_backend"]
