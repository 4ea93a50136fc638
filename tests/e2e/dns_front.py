"""A name server that never answers for some names: what a resolver looks like whose own questions go nowhere."""
import socket
import threading

from posthouse import WAIT_S, own_address


class DnsFront:
    """Passes questions over UDP on to an Nsd and answers back, except for names below one of `silent`."""

    def __init__(self, nsd, silent=(), port=53):
        self.nsd, self.ip, self.port = nsd, own_address(), port
        self.silent = [self._labels(name) for name in silent]
        self.dropped = 0
        self._sockets, self._thread = [], None

    @property
    def server(self):
        return f'{self.ip}:{self.port}'

    @staticmethod
    def _labels(name):
        return b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'

    def start(self):
        outside, inside = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        outside.bind((self.ip, self.port))
        inside.connect((self.nsd.ip, self.nsd.port))
        self._sockets = [outside, inside]
        self._thread = threading.Thread(target=self._serve, args=(outside, inside), daemon=True)
        self._thread.start()
        return self

    def _serve(self, outside, inside):
        inside.settimeout(1)
        while True:
            question, source = outside.recvfrom(65536)
            if question == b'stop':
                return
            name = question[12:question.find(b'\0', 12) + 1].lower()
            if any(name.endswith(silent) for silent in self.silent):
                self.dropped += 1
                continue
            try:
                inside.send(question)
                answer = inside.recv(65536)
                while answer[:2] != question[:2]:
                    answer = inside.recv(65536)
                outside.sendto(answer, source)
            except OSError:  # nsd is down: that is silence too
                continue

    def stop(self):
        if self._thread is not None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.sendto(b'stop', (self.ip, self.port))
            self._thread.join(WAIT_S)
            self._thread = None
            for one in self._sockets:
                one.close()
