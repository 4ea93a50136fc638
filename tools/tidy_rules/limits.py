"""Every named maximum stands in docs/limits.md, with the value that the code has, and nothing else does.

A row there: | `kName` | `value as in the code` | what it bounds, and why this number |, below a heading
## `room`. `tools/limits` prints rows for what is missing.
"""
import re
from dataclasses import dataclass

from .tree import is_test

PAGE = 'docs/limits.md'
CONSTANT = re.compile(r'\bconstexpr\s+(?:[\w:]+\s+)+?(?P<name>k[A-Z]\w*Max)\s*=\s*(?P<value>[^;]+);'
                      r'[ \t]*(?://[ \t]*(?P<comment>[^\n]*))?')
ROW = re.compile(r'^\|\s*`(?P<name>k\w+)`\s*\|\s*`(?P<value>[^`]+)`\s*\|\s*(?P<why>.*?)\s*\|$')
HEADING = re.compile(r'^##+ `(?P<room>[\w/]+)`')


@dataclass
class Limit:
    room: str
    name: str
    value: str
    where: str
    comment: str


def in_code(tree):
    for path in tree.sources:
        if path.parts[0] != 'src' or is_test(path):
            continue
        room = tree.room_of(path.relative_to('src'))
        text = tree.text(path)
        for found in CONSTANT.finditer(text):
            line = text.count('\n', 0, found.start('name')) + 1
            yield Limit(room.path if room else '', found['name'], ' '.join(found['value'].split()),
                        f'{path}:{line}', found['comment'] or _above(text, found.start()))


def _above(text, at):
    """The comment lines that stand directly above."""
    lines = text[:text.rfind('\n', 0, at) + 1].splitlines()
    words = []
    while lines and lines[-1].strip().startswith('//'):
        words.insert(0, lines.pop().strip().lstrip('/').strip())
    return ' '.join(words)


def on_page(tree):
    """{(room, name): (value, where, why)}"""
    path = tree.root / PAGE
    rows, room = {}, ''
    if path.exists():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            heading, row = HEADING.match(line), ROW.match(line)
            if heading:
                room = heading['room']
            if row:
                rows[room, row['name']] = row['value'], f'{PAGE}:{number}', row['why']
    return rows


def check(tree):
    rows, seen = on_page(tree), set()
    for limit in in_code(tree):
        key = limit.room, limit.name
        if key not in rows:
            yield limit.where, f'{limit.name} is not in {PAGE} (below ## `{limit.room}`)'
            continue
        seen.add(key)
        value, where, why = rows[key]
        if value != limit.value:
            yield where, f'{limit.name} is {limit.value} in {limit.where}, not {value}'
        if not why:
            yield where, f'{limit.name}: say what it bounds, and why this number'
    for key in sorted(rows.keys() - seen):
        yield rows[key][1], f'{key[1]} is no constant of {key[0]} any more'
