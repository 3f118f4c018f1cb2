"""Notices from mail services about bounces and complaints."""

from mailer.web.visits import Area

router = Area()
