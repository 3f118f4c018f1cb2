"""A mail in a frame of the desk: foreign to the page around it, and on an origin of nobody."""

import html

# The mail as a mail client draws it: no script, no form, no address of ours, nothing loaded.
FRAME_HEADERS = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}


def framed(body: str, text: str) -> str:
    """Return the HTML of a mail, or its text where it has none."""
    return body or f"<!DOCTYPE html><pre>{html.escape(text)}</pre>"
