"""The source tree as the rules see it: files, rooms, and which room a file or an include belongs to."""
import functools
import pathlib
import re
from dataclasses import dataclass, field

SOURCE_ENDINGS = ('.cc', '.h')


@dataclass
class Room:
    """One ph_room() or ph_program() line of CMakeLists.txt."""
    path: str
    line: int
    uses: list = field(default_factory=list)
    ports: list = field(default_factory=list)
    libraries: list = field(default_factory=list)
    tests_only: bool = False


def parse_rooms(text):
    """Rooms in the order of their lines, keyed by path. A program is keyed by its source file."""
    text = re.sub(r'#[^\n]*', lambda m: ' ' * len(m.group()), text)
    rooms = {}
    for call in re.finditer(r'\bph_(room|program)\s*\(([^)]*)\)', text):
        words = call.group(2).split()
        line = text.count('\n', 0, call.start()) + 1
        path = words[0] if call.group(1) == 'room' else words[1].removeprefix('src/')
        room = Room(path, line)
        target = None
        for word in words[1:]:
            if word in ('USES', 'PORTS', 'LIBRARIES'):
                target = getattr(room, word.lower())
            elif word == 'TESTS_ONLY':
                room.tests_only, target = True, None
            elif target is not None:
                target.append(word)
        rooms[path] = room
    return rooms


class Tree:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        cmake = self.root / 'CMakeLists.txt'
        self.rooms = parse_rooms(cmake.read_text()) if cmake.exists() else {}

    @functools.cached_property
    def sources(self):
        """Our C++ files, relative to the root, sorted."""
        found = []
        for top in ('src', 'tests', 'bench'):
            for path in (self.root / top).rglob('*'):
                if path.suffix in SOURCE_ENDINGS and path.is_file():
                    found.append(path.relative_to(self.root))
        return sorted(found)

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        return (self.root / path).read_text(errors='replace')

    def lines(self, path):
        return list(enumerate(self.text(path).splitlines(), 1))

    def room_of(self, path_below_src):
        """The room with the longest path that holds this file; None: outside all of them."""
        path = str(path_below_src)
        if path in self.rooms:
            return self.rooms[path]  # a program's source
        best = None
        for room in self.rooms.values():
            if path.startswith(room.path + '/') and (best is None or len(room.path) > len(best.path)):
                best = room
        return best

    @functools.lru_cache(maxsize=None)
    def below(self, room_path):
        """The rooms that `room_path` may include: itself, USES, and what those may include."""
        seen, waiting = set(), [room_path]
        while waiting:
            path = waiting.pop()
            if path not in seen and path in self.rooms:
                seen.add(path)
                waiting += self.rooms[path].uses
        return frozenset(seen)


def is_test(path):
    """Tests, fuzz targets, benchmarks and their helpers: they may use more than the program may."""
    path = pathlib.PurePath(path)
    return 'testing' in path.parts or bool(re.search(r'_(test|fuzz|bench)\.cc$', path.name)) or (
        path.parts[0] in ('tests', 'bench'))


INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def included(tree, path):
    """(line number, '"' or '<', name) of each #include."""
    for number, line in tree.lines(path):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1), found.group(2)


def code_of(line):
    """A line without // comment and without the content of string literals (good enough for names)."""
    line = re.sub(r'"(?:\\.|[^"\\])*"', '""', line)
    return line.split('//')[0]
