"""Asks a running Posthouse over its admin socket (docs/formats/admin.md); one connection, kept."""
import json
import socket

_kept = {}


def ask(path, **request):
    try:
        file = _kept.get(path) or _open(path)
        file.write(json.dumps(request) + '\n')
        file.flush()
        reply = json.loads(file.readline())
    except (OSError, ValueError):  # the server was started anew
        _kept.pop(path, None)
        file = _open(path)
        file.write(json.dumps(request) + '\n')
        file.flush()
        reply = json.loads(file.readline())
    if not reply['ok']:
        raise RuntimeError(reply['error'])
    return reply


def _open(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(path)
    _kept[path] = connection.makefile('rw')
    return _kept[path]


def delivered(path, accounts=20, domain='local.test'):
    """Messages in the mailboxes of u0..u19."""
    return sum(ask(path, command='account.show', address=f'u{n}@{domain}')['account']['messages']
               for n in range(accounts))
