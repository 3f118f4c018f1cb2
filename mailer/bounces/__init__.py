"""What comes back by mail: bounces, complaints, auto-replies, as reports without any database."""
