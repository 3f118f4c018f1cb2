"""What is read once in a while."""

from datetime import datetime, timedelta
from itertools import count
from threading import Event, Thread

import pytest

from mailer.flows.kept import Kept
from tests.builders import NOON, at

MINUTE = timedelta(minutes=1)


def test_it_is_read_when_it_is_no_longer_fresh() -> None:
    kept = Kept(lambda now: now, fresh=MINUTE)
    seconds = timedelta(seconds=59)
    assert [kept.get(NOON), kept.get(NOON + seconds)] == [NOON, NOON]
    assert kept.get(NOON + MINUTE) == NOON + MINUTE
    # A clock that went back must not keep the future for ever.
    assert kept.get(at(-1)) == at(-1)


def test_while_one_reads_others_have_what_was() -> None:
    reading, go_on = Event(), Event()

    def read(now: datetime) -> datetime:
        if now != NOON:
            reading.set()
            go_on.wait(10)
        return now

    kept = Kept(read, fresh=MINUTE)
    kept.get(NOON)
    other = Thread(target=kept.get, args=[NOON + MINUTE])
    other.start()
    assert reading.wait(10)
    assert kept.get(NOON + MINUTE) == NOON
    go_on.set()
    other.join()
    assert kept.get(NOON + MINUTE) == NOON + MINUTE


def test_a_reading_that_fails_leaves_what_was() -> None:
    readings = count(1)

    def read(_now: datetime) -> int:
        reading = next(readings)
        if reading == 2:
            raise OSError("away")
        return reading

    kept = Kept(read, fresh=MINUTE)
    assert kept.get(NOON) == 1
    with pytest.raises(OSError, match="away"):
        kept.get(NOON + MINUTE)
    assert kept.get(NOON + timedelta(seconds=30)) == 1
    assert kept.get(NOON + MINUTE) == 3


def test_what_was_quick_to_read_is_read_again() -> None:
    readings = count(1)
    quick = Kept(lambda _: next(readings), fresh=MINUTE, worth=3600.0)
    assert [quick.get(NOON), quick.get(NOON)] == [1, 2]
