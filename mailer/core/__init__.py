"""The pure middle: nouns and rules of the product, without I/O, clock or settings."""
