"""What every response says to the browser, unless the endpoint said otherwise."""

# Everything comes from this site, and nothing runs that is written into a page (S7, S10).
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def page_headers(*, is_https: bool) -> dict[str, str]:
    """Return the headers by name."""
    headers = {
        "Content-Security-Policy": CONTENT_POLICY,
        # Tokens stand in addresses: they must not leave with a click (S7).
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    if is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers
