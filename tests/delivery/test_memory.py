"""The memory backend: what tests lean on."""

import pytest

from mailer.delivery.memory import MemoryBackend
from mailer.ports import Accepted, Message, Outcome, Refused
from tests.delivery.messages import a_message, messages


def test_it_keeps_what_it_accepted_and_what_it_was_offered() -> None:
    def answer(message: Message) -> Outcome:
        return Refused(550, "no") if message.delivery_id == 2 else Accepted(250, "ok")

    backend = MemoryBackend(answer)
    batch = messages(3)
    assert list(backend.send(batch)) == [
        Accepted(250, "ok"),
        Refused(550, "no"),
        Accepted(250, "ok"),
    ]
    assert backend.offered == batch
    assert backend.messages == [batch[0], batch[2]]


def test_two_backends_share_nothing_and_closing_keeps_the_mail() -> None:
    first, second = MemoryBackend(), MemoryBackend()
    list(first.send([a_message()]))
    first.close()
    assert (len(first.messages), len(second.messages)) == (1, 0)


def test_a_script_may_die_in_the_middle_of_a_call() -> None:
    def answer(message: Message) -> Outcome:
        if message.delivery_id == 2:
            raise KeyboardInterrupt
        return Accepted(250, "ok")

    backend = MemoryBackend(answer)
    with pytest.raises(KeyboardInterrupt):
        list(backend.send(messages(3)))
    assert [message.delivery_id for message in backend.offered] == [1, 2]
