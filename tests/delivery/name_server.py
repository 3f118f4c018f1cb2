"""A name server on loopback that answers from a table, or not at all."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Zone = dict[tuple[str, str], list[str]]


@contextlib.contextmanager
def name_server(zone: Zone, *, mute: bool = False) -> Iterator[str]:
    """Answer over UDP until the block ends; gives `address:port`. TXT is written in quotes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                packet, client = sock.recvfrom(4096)
                if packet == b"stop":
                    return
                if not mute:
                    sock.sendto(_answer(zone, packet), client)

        thread = threading.Thread(target=serve)
        thread.start()
        host, port = sock.getsockname()
        try:
            yield f"{host}:{port}"
        finally:
            sock.sendto(b"stop", (host, port))
            thread.join()


def _answer(zone: Zone, packet: bytes) -> bytes:
    query = dns.message.from_wire(packet)
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    records = zone.get((name, kind))
    if records:
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
    elif not any(known == name for known, _ in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer.to_wire()
