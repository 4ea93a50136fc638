"""Reads `strace -f -y` output and says which replies left before what they promise was on the disk.

A promise is a text in a reply on a socket, and texts that must be durable by then. It is kept when the first
write of each text to a file was followed by a successful fdatasync or fsync of that same file, which began
after the write had ended and ended before the reply began. strace stops every thread at each call, so the
order of its lines is the order of the calls: begin and end are line numbers.
"""
import re
from dataclasses import dataclass

WRITES = {'write', 'pwrite64', 'writev', 'pwritev', 'pwritev2'}
SENDS = {'write', 'writev', 'send', 'sendto', 'sendmsg'}
SYNCS = {'fdatasync', 'fsync'}
LINE = re.compile(r'^(?P<pid>\d+) +(?:[\d.:]+ +)?(?P<rest>.*)$')
CALL = re.compile(r'^(?P<name>\w+)\((?:(?P<fd>\d+)<(?P<target>.*?)>)?(?P<arguments>.*)$')
RESUMED = re.compile(r'^<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$')
RESULT = re.compile(r'\) += (?P<result>-?\d+)(?:<.*>)?[^=]*$')
SYNC_OPENED = re.compile(r'O_D?SYNC')


@dataclass
class Call:
    pid: int
    name: str
    target: str       # path, "socket:[1]", "pipe:[2]"; "" unknown
    arguments: str
    begin: int
    end: int = 0      # 0: never returned
    result: int = -1

    @property
    def is_socket(self):
        return self.target.startswith(('socket:', 'TCP', 'UNIX', 'tcp'))

    @property
    def is_file(self):
        return self.target.startswith('/')


def parse(lines):
    """All calls, in the order of their beginnings."""
    calls, open_calls = [], {}
    for number, line in enumerate(lines, 1):
        found = LINE.match(line)
        if not found:
            continue
        pid, rest = int(found['pid']), found['rest']
        again = RESUMED.match(rest)
        if again:
            call = open_calls.pop((pid, again['name']), None)
            if call is not None:
                call.arguments += again['rest']
                _end(call, number)
            continue
        begun = CALL.match(rest)
        if not begun:
            continue  # signals, exits
        call = Call(pid, begun['name'], begun['target'] or '', begun['arguments'], number)
        calls.append(call)
        if call.arguments.endswith('<unfinished ...>'):
            call.arguments = call.arguments.removesuffix('<unfinished ...>')
            open_calls[pid, call.name] = call
        else:
            _end(call, number)
    return calls


def _end(call, number):
    found = RESULT.search(call.arguments)
    if found:
        call.end, call.result = number, int(found['result'])


def broken_promises(calls, promises):
    """`promises`: {text in the reply: [texts that must be durable by then]}. What is wrong, in words."""
    wrong = []
    writes = [c for c in calls if c.name in WRITES and c.is_file]
    syncs = [c for c in calls if c.name in SYNCS and c.result == 0 and c.end]
    sends = [c for c in calls if c.name in SENDS and c.is_socket]
    for promise, texts in promises.items():
        reply = next((c for c in sends if promise in c.arguments), None)
        if reply is None:
            wrong.append(f'{promise}: no such reply in the trace')
            continue
        for text in texts:
            write = next((c for c in writes if text in c.arguments), None)
            if write is None:
                wrong.append(f'{promise}: {text} was never written to a file')
            elif not write.end or write.result <= 0:
                wrong.append(f'{promise}: the write of {text} at line {write.begin} failed')
            elif not any(c.target == write.target and c.begin > write.end and c.end < reply.begin for c in syncs):
                wrong.append(f'{promise}: the reply at line {reply.begin} was sent before a sync of '
                             f'{write.target} covered {text}, written at line {write.begin}')
    return wrong


def sync_count(calls):
    return sum(1 for c in calls if c.name in SYNCS and c.result == 0)
