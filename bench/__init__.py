"""Programs that measure: where the figures in README and docs come from."""
