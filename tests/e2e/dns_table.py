"""A name server with a table: TXT, A and MX as a test says, changed at any time; what is not there does not exist."""
import socket
import struct
import threading

TYPES = {'A': 1, 'MX': 15, 'TXT': 16}
NXDOMAIN, SERVFAIL = 3, 2


def labels(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.rstrip('.').split('.')) + b'\0'


def rdata(kind, value):
    if kind == 'A':
        return socket.inet_aton(value)
    if kind == 'MX':
        return struct.pack('>H', 10) + labels(value)
    text = value.encode()
    return b''.join(bytes([len(part)]) + part for part in (text[i:i + 255] for i in range(0, len(text), 255)))


class DnsTable:
    """`records`: {(name, kind): [value]}; `failing`: names, with all below them, that are answered SERVFAIL."""

    def __init__(self, ip, port=53):
        self.ip, self.port = ip, port
        self.records, self.failing = {}, set()
        self._thread = None

    @property
    def server(self):
        return f'{self.ip}:{self.port}'

    def start(self):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind((self.ip, self.port))
        self._thread = threading.Thread(target=self._serve, args=(udp,), daemon=True)
        self._thread.start()
        return self

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b'stop', (self.ip, self.port))
        self._thread.join(60)

    def _serve(self, udp):
        with udp:
            while True:
                question, source = udp.recvfrom(65536)
                if question == b'stop':
                    return
                udp.sendto(self._answer(question), source)

    def _answer(self, question):
        at, parts = 12, []
        while question[at]:
            parts.append(question[at + 1:at + 1 + question[at]].decode().lower())
            at += 1 + question[at]
        kind, = struct.unpack('>H', question[at + 1:at + 3])
        name, asked = '.'.join(parts), question[12:at + 5]
        found = [rdata(of, value) for (at_name, of), values in self.records.items()
                 if at_name == name and TYPES[of] == kind for value in values]
        known = any(at_name == name or at_name.endswith('.' + name) for at_name, _ in self.records)
        code = 0 if known else NXDOMAIN
        if any(name == one or name.endswith('.' + one) for one in self.failing):
            code, found = SERVFAIL, []
        out = question[:2] + struct.pack('>HHHHH', 0x8580 | code, 1, len(found), 0, 0) + asked
        for data in found:
            out += b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 1, len(data)) + data
        return out
