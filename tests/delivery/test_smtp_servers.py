"""SMTP servers as settings name them."""

import shlex
import sys

import pytest

from mailer.delivery.smtp_servers import Mechanism, Security, Server, read_server
from mailer.errors import BackendError


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", Server("localhost", 25)),
        ("smtp://mail.news.test:2525/", Server("mail.news.test", 2525)),
        ("smtps://mail_1", Server("mail_1", 465, Security.TLS)),
        ("smtp+starttls://Mail.Test", Server("mail.test", 587, Security.STARTTLS)),
        (
            "smtps://a%40b.test:p%2Fw%3Ad%40%C3%A9@mail.test",
            Server("mail.test", 465, Security.TLS, "a@b.test", "p/w:d@é"),
        ),
        ("smtp://u:p@127.0.0.9", Server("127.0.0.9", 25, user="u", password="p")),
        ("smtp://u:p@localhost:1", Server("localhost", 1, user="u", password="p")),
        ("smtp://u:p@[::1]:26", Server("::1", 26, user="u", password="p")),
        ("smtp://[2001:db8::1]", Server("2001:db8::1", 25)),
    ],
)
def test_a_url_names_a_server(url: str, server: Server) -> None:
    assert read_server(url) == server


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "unknown SMTP scheme ''"),
        ("mail.test:25", "unknown SMTP scheme 'mail.test'"),
        ("http://mail.test", "unknown SMTP scheme 'http': use smtp, smtp+starttls or smtps"),
        ("smtp://", "smtp:// URL without a usable host or port"),
        ("smtps://user:hunter2", "smtps:// URL without a usable host or port"),
        ("smtp://mail.test:99999", "without a usable host or port"),
        ("smtp://mail..test", "without a usable host or port"),
        ("smtp://ma!l.test", "without a usable host or port"),
        ("smtp://[::1", "cannot be read"),
        ("smtp://mail.test\r\n", "space or control character"),
        ("smtp://mail .test", "space or control character"),
        ("smtps://u:hunter2/x@mail.test", "percent-encode"),
        ("smtps://u:hunter2#x@mail.test", "percent-encode"),
        ("smtps://u:p@mail.test?hunter2=1", "percent-encode"),
        ("smtps://u@mail.test", "smtps://mail.test:465 needs both user and password"),
        ("smtps://:hunter2@mail.test", "needs both user and password"),
        ("smtps://u:hunter2%0A@mail.test", "control character in its user or password"),
        ("smtp://u:hunter2@mail.test", "smtp://mail.test:25 would send the password in clear"),
        ("smtp://u:hunter2@127.0.0.1.test", "would send the password in clear"),
        ("smtp://u:hunter2@[2001:db8::1]:2", "smtp://[2001:db8::1]:2 would send the password"),
    ],
)
def test_a_url_that_cannot_be_used_says_what_to_mend(url: str, problem: str) -> None:
    with pytest.raises(BackendError) as caught:
        read_server(url)
    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_server_never_shows_its_password() -> None:
    server = read_server("smtps://user:hunter2@mail.test")
    assert "hunter2" not in f"{server!r} {server}"


@pytest.mark.parametrize(
    ("options", "weight", "most_messages", "mechanism"),
    [
        ("", 1, 100, None),
        ("?weight=0", 0, 100, None),
        ("?messages=5000&weight=3", 3, 5000, None),
        ("?auth=xoauth2", 1, 100, Mechanism.XOAUTH2),
        ("/?auth=Login", 1, 100, Mechanism.LOGIN),
    ],
)
def test_a_url_says_how_a_server_is_used(
    options: str, weight: int, most_messages: int, mechanism: Mechanism | None
) -> None:
    server = read_server(f"smtps://u:p@mail.test{options}")
    assert (server.weight, server.most_messages) == (weight, most_messages)
    assert server.mechanism is mechanism


@pytest.mark.parametrize(
    "options",
    ["?weight=-1", "?weight=1001", "?messages=0", "?auth=md5", "?weight=x", "?hunter2", "?a=b"],
)
def test_an_option_nobody_knows_is_refused_and_not_repeated(options: str) -> None:
    with pytest.raises(BackendError, match="unknown behind its port") as caught:
        read_server(f"smtps://u:p@mail.test{options}")
    assert options not in str(caught.value)


def _saying(program: str) -> str:
    return shlex.join([sys.executable, "-c", program])


def test_a_command_gives_the_password_anew_at_each_login() -> None:
    told = "import os; print(os.environ['MAILER_SMTP_USER'], os.environ['MAILER_SMTP_HOST'])"
    server = read_server("smtps://u@mail.test?auth=xoauth2", _saying(told))
    assert server.secret() == "u mail.test"
    assert read_server("smtps://u:p@mail.test", _saying(told)).secret() == "p"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (_saying("raise SystemExit(3)"), "ended with 3"),
        (_saying("print()"), "gave no password in its first line"),
        (_saying("print('a\\x1bb')"), "gave no password"),
        (_saying("import sys; sys.stdout.buffer.write(b'\\xff')"), "gave no UTF-8"),
        ("/nowhere/at-all", "cannot be run: No such file"),
    ],
)
def test_a_command_that_gives_none_says_why(command: str, problem: str) -> None:
    with pytest.raises(BackendError, match=problem):
        read_server("smtps://u@mail.test", command).secret()


def test_a_command_with_an_open_quote_cannot_be_read() -> None:
    with pytest.raises(BackendError, match="a quote is not closed"):
        read_server("smtps://u@mail.test", "give 'it")


def test_a_mechanism_needs_a_user() -> None:
    with pytest.raises(BackendError, match="needs a user to log in by XOAUTH2"):
        read_server("smtps://mail.test?auth=xoauth2")
