"""A room includes what its ph_room() line names, and what those may include; of PORTS only port.h.

Why: the folder list is the architecture. An edge that is missing is added in CMakeLists.txt with a
reason in docs/map.md; an arrow upwards is never the answer.
"""
from .tree import included, is_test

# Every world to test in: cmake/rooms.cmake links them to each room's tests.
WORLDS_FOR_TESTS = ('sim', 'rt/os')


def check(tree):
    yield from _declarations(tree)
    for path in tree.sources:
        if path.parts[0] == 'src':
            yield from _file(tree, path)


def _declarations(tree):
    above = set()
    for room in tree.rooms.values():
        for used in room.uses + room.ports:
            if used not in tree.rooms:
                yield f'CMakeLists.txt:{room.line}', f'{room.path} names {used}, which is no room'
            elif used not in above:
                yield (f'CMakeLists.txt:{room.line}',
                       f'{room.path} names {used}, which is declared below it: an arrow upwards')
            elif tree.rooms[used].tests_only and not room.tests_only:
                yield f'CMakeLists.txt:{room.line}', f'{room.path} names {used}, which is for tests only'
        above.add(room.path)


def _file(tree, path):
    inner = path.relative_to('src')
    room = tree.room_of(inner)
    if room is None:
        yield f'{path}:1', 'belongs to no room of CMakeLists.txt'
        return
    allowed = set(tree.below(room.path))
    if is_test(path):
        for world in WORLDS_FOR_TESTS:
            allowed |= tree.below(world)
    for number, mark, name in included(tree, path):
        if mark == '<':
            continue
        target = tree.room_of(name)
        if '/' not in name or target is None:
            yield f'{path}:{number}', f'"{name}": include our headers by their path from src/'
        elif target.path in allowed:
            if '/testing/' in name and not is_test(path):
                yield f'{path}:{number}', f'"{name}" is a helper for tests'
        elif target.path in room.ports:
            if name != target.path + '/port.h' and not is_test(path):
                yield (f'{path}:{number}',
                       f'"{name}": {room.path} may include only {target.path}/port.h of that room')
        else:
            yield (f'{path}:{number}',
                   f'"{name}": {room.path} may not include {target.path} (see its line in CMakeLists.txt)')
