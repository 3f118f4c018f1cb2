"""The whole product driven by chance beside a model of a page, for the promises I1–I8 (T7)."""
