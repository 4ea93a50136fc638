"""A conversation over a socket, line by line, for what no well-behaved client would say."""
import base64
import socket
import ssl
from dataclasses import dataclass

from posthouse import WAIT_S


@dataclass
class Reply:
    code: int
    lines: list  # without code

    @property
    def text(self):
        return '\n'.join(self.lines)

    @property
    def enhanced(self):
        first = self.lines[-1].split(' ', 1)[0]
        return first if first.count('.') == 2 and first[0] in '245' else ''

    def __str__(self):
        return f'{self.code} {self.text}'


class Talk:
    """Octets out, lines in. TLS may start at any time."""

    def __init__(self, house, listener, source=None, tls=False):
        self.house = house
        self.socket = socket.create_connection((house.ip, house.ports[listener]), WAIT_S,
                                               (source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = None
        if tls:
            self.start_tls()
        else:
            self.file = self.socket.makefile('rb')

    def start_tls(self):
        if self.file:
            self.file.close()
        self.socket = self.house.trust().wrap_socket(self.socket, server_hostname=self.house.ip)
        self.file = self.socket.makefile('rb')

    def send(self, octets):
        self.socket.sendall(octets.encode() if isinstance(octets, str) else octets)

    def line(self):
        """One line without CRLF; "" is an empty line, an end of the stream is an error."""
        line = self.file.readline(1 << 20)
        if not line.endswith(b'\r\n'):
            raise ConnectionError(f'the stream ended after {line!r}')
        return line[:-2].decode(errors='replace')

    def at_end(self):
        """Does the stream end now (closed or reset, nothing more said)?"""
        try:
            return self.file.read(1) == b''
        except (ConnectionError, ssl.SSLError):
            return True

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class SmtpTalk(Talk):
    """Greeted already, unless greet=False."""

    def __init__(self, house, listener='smtp', source=None, tls=False, greet=True):
        super().__init__(house, listener, source, tls)
        if greet:
            self.greeting = self.reply()

    def reply(self):
        lines = []
        while True:
            line = self.line()
            lines.append(line[4:])
            if line[3:4] != '-':
                return Reply(int(line[:3]), lines)

    def say(self, line):
        """A command, its reply."""
        self.send(line + '\r\n' if isinstance(line, str) else line + b'\r\n')
        return self.reply()

    def ehlo(self):
        return self.say('EHLO client.test')

    def login(self, user, password):
        plain = base64.b64encode(f'\0{user}\0{password}'.encode()).decode()
        return self.say('AUTH PLAIN ' + plain)

    def envelope(self, sender, *recipients):
        """EHLO, MAIL and RCPTs, which must all be taken; the reply to DATA."""
        for line in ('EHLO client.test', f'MAIL FROM:<{sender}>', *(f'RCPT TO:<{r}>' for r in recipients)):
            reply = self.say(line)
            if reply.code // 100 != 2:
                raise AssertionError(f'{line}: {reply}')
        return self.say('DATA')

    def message(self, sender, recipient, content):
        """The reply to the final dot of a whole transaction; `content` is sent as it is, with dot."""
        reply = self.envelope(sender, recipient)
        if reply.code != 354:
            raise AssertionError(f'DATA: {reply}')
        self.send(content)
        return self.reply()


class Pop3Talk(Talk):
    def __init__(self, house, listener='pop3s', source=None, user=None):
        super().__init__(house, listener, source, tls=listener == 'pop3s')
        self.greeting = self.line()
        if user:
            assert self.say(f'USER {user}').startswith('+OK')
            said = self.say(f'PASS {house.passwords[user]}')
            if not said.startswith('+OK'):
                self.close()
                raise PermissionError(said)

    def say(self, line):
        self.send(line + '\r\n')
        return self.line()

    def lines(self):
        """The rest of a multi-line answer, dots taken off."""
        found = []
        while True:
            line = self.line()
            if line == '.':
                return found
            found.append(line[1:] if line.startswith('.') else line)
