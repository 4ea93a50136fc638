"""An SMTP server that does what real ones do wrong, and records all it is sent. Without a script it is a well-behaved sink.

    with HostilePeer(on={'RCPT': '450 4.7.1 come back later', 'dot': DROP}) as peer: ...
    peer.messages                     # those that it answered 250 for
    peer.connections[0].lines         # [(seconds since the connection, line), ...]

`on` maps a stage (greeting, EHLO, HELO, STARTTLS, MAIL, RCPT, DATA, body, dot, RSET, NOOP, QUIT) to what happens in place of
the usual reply. `body` is the middle of a message: after its first octets. A stage's value is one of
    '550 5.7.1 no'       a reply; CRLF is added; lines of a multi-line one are separated by \\r\\n
    b'\\xff\\0 ...'        these octets, as they are
    DROP, RESET          the connection is closed, reset
    SILENT               nothing ever; the connection stays until the other side ends it
    slowly('250 ok')     octet by octet; or any iterator of octets, such as endless()
    a function           called with (connection, line); gives one of these, None: the usual reply
"""
import itertools
import re
import select
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

from posthouse import PORTS, WAIT_S, own_address

DROP, RESET, SILENT = object(), object(), object()
MESSAGE_OCTETS_MAX = 64 << 20
EXTENSIONS = ('PIPELINING', '8BITMIME', 'SIZE 52428800', 'ENHANCEDSTATUSCODES', 'SMTPUTF8')
USUAL = {'greeting': '220 hostile.test ESMTP', 'HELO': '250 hostile.test', 'STARTTLS': '220 2.0.0 go ahead',
         'MAIL': '250 2.1.0 ok', 'RCPT': '250 2.1.5 ok', 'DATA': '354 go on', 'dot': '250 2.0.0 taken',
         'RSET': '250 2.0.0 ok', 'NOOP': '250 2.0.0 ok', 'QUIT': '221 2.0.0 bye'}


def slowly(reply, pause_s=0.05):
    """A reply of which an octet comes every `pause_s`."""
    def octets():
        for octet in reply.encode() + b'\r\n':
            yield bytes([octet])
            time.sleep(pause_s)  # the slowness itself, not a wait for something
    return octets


def long_reply(code=250, octets=10 << 20):
    """One line of so many octets."""
    return f'{code} '.encode() + b'x' * octets + b'\r\n'


def endless(line='250-and more', lines=10_000_000):
    """A multi-line reply without an end, as long as anybody reads it."""
    def chunks():
        chunk = (line.encode() + b'\r\n') * 1000
        for _ in range(lines // 1000):
            yield chunk
    return chunks


def greylist(tries=1, reply='450 4.7.1 greylisted, please come back'):
    """For RCPT: each pair of sender and recipient is refused so often, then taken."""
    seen, lock = {}, threading.Lock()

    def answer(connection, line):
        key = connection.sender, line
        with lock:
            seen[key] = seen.get(key, 0) + 1
            return reply if seen[key] <= tries else None
    return answer


@dataclass
class Message:
    sender: str
    recipients: list
    content: bytes      # without transparency dots
    at: float           # time.monotonic() of its final dot
    parameters: str     # of MAIL
    acknowledged: bool = False


@dataclass
class Connection:
    number: int
    source: str
    began: float
    lines: list = field(default_factory=list)
    sender: str = None
    parameters: str = ''
    recipients: list = field(default_factory=list)
    early: list = field(default_factory=list)  # verbs after which more had come before the reply was sent
    data_octets: int = 0
    tls: bool = False
    ended: float = None  # None: still open

    @property
    def verbs(self):
        return [line.split()[0].split(b':')[0].decode('latin-1').upper() for _, line in self.lines if line.split()]


class _Gone(Exception):
    """The connection is over."""


class HostilePeer:

    def __init__(self, on=None, first=None, ip=None, port=PORTS['smtp'], extensions=EXTENSIONS, helo_only=False, tls=None):
        """`first`: only so many connections meet `on`; later ones find a good server. `tls`: (certificate, key) offers
        STARTTLS; with 'STARTTLS' among the extensions and no `tls` every handshake fails."""
        self.ip, self.port = ip or own_address(), port
        self.on, self.first = dict(on or {}), first
        self.extensions = tuple(extensions) + (('STARTTLS',) if tls else ())
        self.helo_only = helo_only
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.connections, self.received = [], []  # received: every message whose final dot came
        self._numbers = itertools.count()
        self._listener, self._threads, self._sessions = None, [], set()
        self._lock = threading.Lock()

    @property
    def messages(self):
        return [m for m in self.received if m.acknowledged]

    @property
    def server(self):
        return f'[{self.ip}]:{self.port}' if ':' in self.ip else f'{self.ip}:{self.port}'

    def start(self):
        self._listener = socket.create_server(
            (self.ip, self.port), family=socket.AF_INET6 if ':' in self.ip else socket.AF_INET, backlog=1024)
        self._threads = [threading.Thread(target=self._accept, args=(self._listener,), daemon=True)]
        self._threads[0].start()
        return self

    def stop(self):
        """Closes everything; all threads have ended afterwards. May start again."""
        if self._listener is None:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(WAIT_S)
        self._listener.close()
        self._listener = None
        with self._lock:
            for session in self._sessions:
                try:
                    session.socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        for thread in self._threads:
            thread.join(WAIT_S)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _accept(self, listener):
        while True:
            try:
                accepted, (source, *_) = listener.accept()
            except OSError:
                return
            connection = Connection(next(self._numbers), source, time.monotonic())
            session = _Session(self, accepted, connection)
            with self._lock:
                self.connections.append(connection)
                self._sessions.add(session)
            thread = threading.Thread(target=self._serve, args=(session,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, session):
        try:
            session.run()
        except (_Gone, OSError, ValueError):
            pass
        finally:
            session.connection.ended = time.monotonic()
            with self._lock:
                self._sessions.discard(session)
                session.socket.close()


class _Session:

    def __init__(self, peer, accepted, connection):
        self.peer, self.socket, self.connection = peer, accepted, connection
        self.buffer = b''
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # --- octets ---

    def more(self):
        received = self.socket.recv(65536)
        if not received:
            raise _Gone
        self.buffer += received

    def has_more(self):
        look = select.poll()  # not select(): that knows file descriptors up to 1,023 only
        look.register(self.socket, select.POLLIN)
        return bool(look.poll(0))

    def line(self):
        while b'\n' not in self.buffer:
            if len(self.buffer) > 1 << 20:
                raise _Gone
            self.more()
        line, _, self.buffer = self.buffer.partition(b'\n')
        line = line.rstrip(b'\r')
        self.connection.lines.append((time.monotonic() - self.connection.began, line))
        return line

    def say(self, stage, line=b'', usual=None):
        """Does what the script has for the stage; the code of the reply that was sent, '' for no proper one."""
        if line and (self.buffer or self.has_more()):
            self.connection.early.append(stage)
        action = None
        if self.peer.first is None or self.connection.number < self.peer.first:
            action = self.peer.on.get(stage)
        if callable(action) and getattr(action, '__code__', None) and action.__code__.co_argcount == 2:
            action = action(self.connection, line)
        elif callable(action):
            action = action()
        if action is None:
            action = usual if usual is not None else USUAL[stage]
        if action is DROP:
            raise _Gone
        if action is RESET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            raise _Gone
        if action is SILENT:
            while True:
                self.buffer = b''
                self.more()
        if isinstance(action, str):
            if action:
                self.socket.sendall(action.encode() + b'\r\n')
            return action[:3]
        begin = b''
        for chunk in [action] if isinstance(action, bytes) else action:
            begin += chunk[:3 - len(begin)] if len(begin) < 3 else b''
            self.socket.sendall(chunk)
        return begin.decode() if begin.isdigit() else ''

    # --- the conversation ---

    def run(self):
        self.say('greeting')
        while True:
            line = self.line()
            verb = line[:4].decode('latin-1').upper()
            if verb == 'EHLO':
                self.ehlo(line)
            elif line[:8].upper() == b'STARTTLS':
                self.starttls(line)
            elif verb == 'MAIL':
                self.mail(line)
            elif verb == 'RCPT':
                self.rcpt(line)
            elif verb == 'DATA':
                self.data(line)
            elif verb in ('HELO', 'RSET', 'NOOP', 'QUIT'):
                self.connection.sender, self.connection.recipients = None, []
                self.say(verb, line)
                if verb == 'QUIT':
                    return
            else:
                self.socket.sendall(b'500 5.5.2 what?\r\n')

    def ehlo(self, line):
        lines = ['hostile.test', *(x for x in self.peer.extensions if x != 'STARTTLS' or not self.connection.tls)]
        usual = '\r\n'.join(f'250{" " if at == len(lines) - 1 else "-"}{text}' for at, text in enumerate(lines))
        self.say('EHLO', line, '502 5.5.1 never heard of it' if self.peer.helo_only else usual)

    def starttls(self, line):
        if self.say('STARTTLS', line) == '220':
            if not self.peer.context:  # a handshake that fails
                self.more()
                self.socket.sendall(b'500 5.5.1 that is not a command\r\n')
                raise _Gone
            self.socket = self.peer.context.wrap_socket(self.socket, server_side=True)
            self.connection.tls, self.buffer = True, b''

    def mail(self, line):
        code = self.say('MAIL', line)
        if code.startswith('2'):
            found = re.match(rb'MAIL FROM:\s*<([^>]*)>\s*(.*)', line, re.I)
            self.connection.sender = found.group(1).decode('utf-8', 'replace') if found else ''
            self.connection.parameters = found.group(2).decode('latin-1') if found else ''
            self.connection.recipients = []

    def rcpt(self, line):
        usual = None if self.connection.sender is not None else '503 5.5.1 MAIL first'
        if self.say('RCPT', line, usual).startswith('2'):
            found = re.match(rb'RCPT TO:\s*<([^>]*)>', line, re.I)
            self.connection.recipients.append(found.group(1).decode('utf-8', 'replace') if found else '')

    def data(self, line):
        usual = None if self.connection.recipients else '554 5.5.1 no valid recipients'
        if not self.say('DATA', line, usual).startswith('3'):
            return
        if 'body' in self.peer.on:
            while not self.buffer:
                self.more()
            self.say('body', b'', '')
        lines, octets = [], 0
        while True:
            while b'\n' not in self.buffer:
                self.more()
            whole, self.buffer = self.buffer[:self.buffer.rindex(b'\n') + 1], self.buffer[self.buffer.rindex(b'\n') + 1:]
            parts = whole.split(b'\r\n')
            end = parts.index(b'.') if b'.' in parts else None
            lines += parts[:end] if end is not None else parts[:-1]
            octets += len(whole)
            self.connection.data_octets = octets
            if end is not None:
                self.buffer = b'\r\n'.join(parts[end + 1:]) + self.buffer
                break
            if octets > MESSAGE_OCTETS_MAX:
                raise _Gone
        content = b''.join((x[1:] if x.startswith(b'.') else x) + b'\r\n' for x in lines)
        message = Message(self.connection.sender, list(self.connection.recipients), content, time.monotonic(),
                          self.connection.parameters)
        with self.peer._lock:
            self.peer.received.append(message)
        message.acknowledged = self.say('dot', b'.').startswith('2')
        self.connection.sender, self.connection.recipients = None, []
