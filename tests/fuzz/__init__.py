"""Documents of valid shape, then damaged: for every parser of what strangers write (T10)."""
