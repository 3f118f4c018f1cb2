"""The tasks, the bells, and the look by itself."""
