"""Printed pages in our own words, whole or with one thing changed, for the tests of pages."""

HEADLINE = "Night ferries return between Busan and Osaka, with fewer cabins and more bicycles"
LEAD = (
    "After four years the two port cities are joined again, three nights a week. Fares have hardly "
    "risen. Cyclists have asked for a rail to lean on."
)
FIRST = (
    "The first sailing left Busan on Sunday evening with 212 passengers and ninety bicycles, and "
    "reached Osaka in time for breakfast."
)
SECOND = (
    "The company that ran the line before had sold both ships. Its successor has hired one, built "
    "in 1998, and repainted the funnel."
)
THIRD = (
    "“We do not compete with the aeroplane,” said Oh Se-yeon, the purser. “We compete with a good "
    "night’s sleep.”"
)
BODY = (FIRST, SECOND, THIRD)

PAGE = f"""\
10/16/2023, 19.20
SOUTH KOREA – JAPAN
Send to a friend

{HEADLINE}

by Yun Ha-eun

{LEAD}

\u00a0

Busan (Meridian) – {FIRST}

{SECOND}

{THIRD}

TAGs
Send to a friend
Printable version
CLOSE X
See also
A timetable for sleepers
12/02/2016 15:14
The pier that outlived its ferry
11/08/2017 20:05
Osaka counts its lanterns
24/01/2006


Newsletter

Subscribe to Meridian Desk updates or change your preferences

Subscribe now
“A page is a lamp in somebody else’s window.” - Seo Myung-hee, from “Notes for the Night Desk”
"""

HTML_PAGE = f"""\
<!DOCTYPE html>
<html lang="en"><head>
<meta charset="utf-8">
<title>{HEADLINE} | The Meridian Desk</title>
<link rel="canonical" href="https://meridian.example/en/night-ferries">
<link rel="alternate" type="application/rss+xml" href="/en/feed.xml">
<meta property="og:type" content="article">
<meta property="og:title" content="{HEADLINE}">
<meta property="article:published_time" content="2023-10-16T19:20:00+09:00">
<meta name="author" content="Yun Ha-eun">
<style>p {{ color: red }}</style><script>var headline = "<p>Not this</p>";</script>
</head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/asia">All over Asia</a></li></ul></nav>
<article>
<p class="kicker">SOUTH KOREA – JAPAN</p>
<h1>{HEADLINE}</h1>
<p><a href="/send">Send to a friend</a></p>
<p class="lead">{LEAD}</p>
<p>Busan (Meridian) – {FIRST}</p><p>{SECOND}</p>
<figure><img src="ship.jpg" alt="A white ship"><figcaption>The ship at dawn</figcaption></figure>
<p>{THIRD}</p>
</article>
<h4>TAGs</h4><ul><li>ferries</li><li>travel</li></ul>
<h3>See also</h3>
<ul><li><a href="/en/sleepers">A timetable for sleepers</a> <span>12/02/2016 15:14</span></li>
<li><a href="/en/pier">The pier that outlived its ferry</a> <span>11/08/2017 20:05</span></li>
<li><a href="/en/lanterns">Osaka counts its lanterns</a> <span>24/01/2006</span></li></ul>
<footer><p>The Meridian Desk is published on paper made from better things, in Busan.</p></footer>
</body></html>
"""


def replaced(*changes: tuple[str, str], page: str = PAGE) -> str:
    """Return the page with each text changed; the text must be there."""
    for old, new in changes:
        assert old in page, old
        page = page.replace(old, new)
    return page


def paragraphs(*texts: str) -> str:
    """Return the HTML of paragraphs."""
    return "".join(f"<p>{text}</p>" for text in texts)
