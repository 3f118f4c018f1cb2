"""Measure delivery: our SMTP backend beside plain smtplib and Postfix's own smtp-source.

    python -m bench.smtp --messages 5000 --repeats 5 --json smtp.json

First messages a second into Postfix's smtp-sink on this machine, one connection each where not
said otherwise, messages of the same size. Then messages a round trip, through a proxy that makes
it 50 ms longer, also to a server with CHUNKING; NOOP on the same line measures the round trip.
All take turns, so that whatever else this machine does meets all of them; ratios are of one turn.
"""

import argparse
import json
import smtplib
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.delays import LongLine
from bench.tables import Spread, print_table, spread
from mailer.delivery.smtp import SmtpBackend
from mailer.delivery.smtp_servers import Server
from mailer.ports import Accepted, Message, Outcome
from tests.delivery.scripted import CHUNKING, Say, ScriptedServer
from tests.servers.smtp_sink import SmtpSink, postfix_program

_HEADERS = b"From: <news@news.test>\r\nTo: <reader@example.test>\r\nSubject: bench\r\n\r\n"
_LINE = b"x" * 78 + b"\r\n"
_WINDOW = 16
_FAR_MESSAGES = 160


def main() -> None:
    """Measure, tell the tables, and write the JSON where it was asked for."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--messages", type=int, default=5000)
    wanted.add_argument("--bytes", type=int, default=8000, help="of each body")
    wanted.add_argument("--repeats", type=int, default=5)
    wanted.add_argument("--delay", type=float, default=50.0, help="milliseconds a round trip")
    wanted.add_argument("--json", type=Path, help="where to write all figures")
    given = wanted.parse_args()
    messages = _messages(given.messages, given.bytes)
    sink = SmtpSink.start()
    try:
        near = [_near(sink.port, messages, given.bytes) for _ in range(given.repeats)]
        far = [_far(sink.port, messages[:_FAR_MESSAGES], given.delay) for _ in range(given.repeats)]
    finally:
        sink.stop()
    figures = {"near": _spread_of(near), "far": _spread_of(far)}
    print_table(
        f"Into smtp-sink, {given.messages} messages of {given.bytes} bytes, "
        f"medians of {given.repeats} (least–most)",
        [figures["near"]],
    )
    print_table(
        f"Messages a round trip of {given.delay:g} ms more, {_FAR_MESSAGES} messages, one "
        f"connection, medians of {given.repeats} (least–most)",
        [figures["far"]],
    )
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


def _messages(count: int, size: int) -> list[Message]:
    content = _HEADERS + (_LINE * (size // len(_LINE) + 1))[: size - 2] + b"\r\n"
    return [
        Message(number, f"b+{number}@news.test", f"reader{number}@example.test", "<x>", content)
        for number in range(1, count + 1)
    ]


def _spread_of(runs: Sequence[dict[str, float]]) -> dict[str, Spread | str]:
    return {name: spread([run[name] for run in runs]) for name in runs[0]}


def _near(port: int, messages: Sequence[Message], size: int) -> dict[str, float]:
    """Tell messages a second of the three, and of how many each other one is worth."""
    seconds = {
        "smtplib": _by_smtplib(port, messages),
        "mailer": _by_mailer(port, messages, _WINDOW),
        "mailer, 4 connections": _by_mailer(port, messages, _WINDOW, 4),
        "smtp-source": _by_smtp_source(port, len(messages), size),
    }
    rates = {f"{name} /s": len(messages) / taken for name, taken in seconds.items()}
    return rates | {
        "by smtp-source": seconds["smtp-source"] / seconds["mailer"],
        "by smtplib": seconds["smtplib"] / seconds["mailer"],
        "4 by smtplib": seconds["smtplib"] / seconds["mailer, 4 connections"],
    }


def _far(port: int, messages: Sequence[Message], delay: float) -> dict[str, float]:
    """Tell messages a round trip, over one connection each that is open already."""
    line = LongLine(port, delay / 1000)
    chunking = ScriptedServer({"EHLO": Say(CHUNKING)})
    chunking_line = LongLine(chunking.port, delay / 1000)
    trip = _round_trip(line.port)
    few = messages[: len(messages) // 4]  # Four round trips each: the same time.
    figures = {
        "smtplib": len(few) * trip / _by_smtplib(line.port, few),
        "PIPELINING, one call": len(messages) * trip / _by_mailer(line.port, messages, 0),
        "PIPELINING, windows of 16": len(messages)
        * trip
        / _by_mailer(line.port, messages, _WINDOW),
        "CHUNKING, windows of 16": len(messages)
        * trip
        / _by_mailer(chunking_line.port, messages, _WINDOW),
    }
    line.stop()
    chunking_line.stop()
    chunking.stop()
    by_smtplib = figures["PIPELINING, one call"] / figures["smtplib"]
    return {"round trip ms": trip * 1000} | figures | {"PIPELINING by smtplib": by_smtplib}


def _by_mailer(port: int, messages: Sequence[Message], window: int, connections: int = 1) -> float:
    """Send as the flows do, a window a call; 0 is all in one call. Gives seconds."""
    server = Server("127.0.0.1", port, most_messages=1_000_000)
    step = window or len(messages)
    backend = SmtpBackend([server], window=step, connections=connections)
    windows = [messages[start : start + step] for start in range(0, len(messages), step)]

    def send(window: Sequence[Message]) -> list[Outcome]:
        return list(backend.send(window))

    with ThreadPoolExecutor(connections) as lanes:
        list(lanes.map(send, [messages[:1]] * connections))  # Connects.
        started = time.perf_counter()
        outcomes = [one for done in lanes.map(send, windows) for one in done]
        taken = time.perf_counter() - started
    backend.close()
    if not all(isinstance(outcome, Accepted) for outcome in outcomes):
        raise SystemExit(f"not all were accepted: {set(map(str, outcomes))}")
    return taken


def _by_smtplib(port: int, messages: Sequence[Message]) -> float:
    with smtplib.SMTP("127.0.0.1", port) as session:
        session.ehlo()
        started = time.perf_counter()
        for message in messages:
            session.sendmail(message.sender, [message.recipient], message.content)
        return time.perf_counter() - started


def _by_smtp_source(port: int, count: int, size: int) -> float:
    command = [postfix_program("smtp-source"), "-d", "-s", "1", "-m", str(count), "-l", str(size)]
    addresses = ["-f", "news@news.test", "-t", "reader@example.test", f"127.0.0.1:{port}"]
    started = time.perf_counter()
    subprocess.run([*command, *addresses], check=True)
    return time.perf_counter() - started


def _round_trip(port: int) -> float:
    with smtplib.SMTP("127.0.0.1", port) as session:
        started = time.perf_counter()
        for _ in range(10):
            session.noop()
        return (time.perf_counter() - started) / 10


if __name__ == "__main__":
    main()
