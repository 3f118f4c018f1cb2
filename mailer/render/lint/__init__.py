"""Lint: what a mail will suffer in mail clients, at servers and under readers' eyes.

`check` is the front door. Facts about clients stand in `caniemail.json`, which `make caniemail`
refreshes; what they mean for a mail stands in `support`.
"""
