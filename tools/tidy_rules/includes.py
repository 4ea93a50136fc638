"""Clocks, randomness, files, threads and sockets only in rt/os; each library only where it is named.

Why: what is not a function of its input comes through the interfaces of rt/, so that the same code runs
in simulation; and a library that one room knows can be replaced in one room.
"""
import re

from .tree import code_of, included, is_test

OUTSIDE_WORLD = re.compile(
    r'^(fcntl\.h|unistd\.h|poll\.h|signal\.h|csignal|random|thread|fstream|filesystem|ctime|time\.h'
    r'|sys/(socket|epoll|eventfd|signalfd|timerfd|un|stat|statvfs|mman|uio|file|time|random|select)\.h'
    r'|netinet/.*|arpa/.*|netdb\.h|net/if\.h|ifaddrs\.h'
    r'|boost/asio/(ip|local|posix|ts|generic|ssl|windows)/.*'
    r'|boost/asio/(steady_timer|system_timer|deadline_timer|high_resolution_timer|basic_waitable_timer'
    r'|signal_set|serial_port|random_access_file|stream_file|connect|read|write|thread_pool)\.hpp)$')

# Rooms that may touch a part of the world themselves, each with the reason.
EXCEPTIONS = {
    ('store', 'thread'): 'the one committer thread (docs/adr/0002-rocksdb-behind-a-committer.md)',
    ('app/cli', 'unistd.h'): 'is standard input a terminal? passwords without echo',
}

# Tests may write scratch files, start threads and draw from seeded generators.
FOR_TESTS = re.compile(r'^(random|thread|fstream|filesystem|unistd\.h|fcntl\.h|sys/stat\.h|csignal'
                       r'|signal\.h|sys/socket\.h|netinet/.*|arpa/.*|boost/asio/.*)$')

# include prefix -> the name under LIBRARIES in CMakeLists.txt
LIBRARIES = {
    'openssl/': 'openssl', 'argon2.h': 'argon2', 'rocksdb/': 'rocksdb', 'toml++/': 'tomlplusplus',
    'spdlog/': 'spdlog', 'unbound': 'unbound', 'CLI/': 'cli11', 'boost/json': 'json', 'boost/asio': 'asio',
}
INHERITED = {'asio'}  # a room above rt speaks of Task<T> and executors
LINKED_TO_TESTS = {'json', 'asio'}

CLOCKS = re.compile(r'\b(system|steady|high_resolution|utc|file)_clock\s*::\s*now\b'
                    r'|\b(gettimeofday|clock_gettime|timespec_get)\s*\('
                    r'|(?<![\w.>:])(?:std::|::)?time\s*\(\s*(nullptr|NULL|0)\s*\)')
CHANCE = re.compile(r'\bstd::random_device\b|(?<![\w.>:])(?:std::|::)?s?rand\s*\(|\bgetrandom\s*\('
                    r'|\bRAND_bytes\s*\(')
SLEEP = re.compile(r'\bsleep_(for|until)\s*\(|(?<![\w.>:])(?:::)?u?sleep\s*\(')


def check(tree):
    for path in tree.sources:
        if path.parts[0] != 'src':
            continue
        room = tree.room_of(path.relative_to('src'))
        if room is None:
            continue  # layers says it
        test = is_test(path)
        for number, mark, name in included(tree, path):
            if mark == '<':
                yield from _include(tree, path, number, name, room, test)
        if room.path != 'rt/os':
            yield from _calls(tree, path, test)


def _include(tree, path, number, name, room, test):
    where = f'{path}:{number}'
    if name == 'boost/asio.hpp':
        yield where, '<boost/asio.hpp> is banned everywhere: include the parts (2-4 s a file otherwise)'
        return
    for prefix, library in LIBRARIES.items():
        if not name.startswith(prefix):
            continue
        rooms = tree.below(room.path) if library in INHERITED else {room.path}
        named = any(library in tree.rooms[r].libraries for r in rooms if r in tree.rooms)
        if not named and not (test and library in LINKED_TO_TESTS):
            yield where, f'<{name}>: {room.path} does not name {library} under LIBRARIES'
    if room.path == 'rt/os' or not OUTSIDE_WORLD.match(name):
        return
    if (room.path, name) in EXCEPTIONS or (test and FOR_TESTS.match(name)):
        return
    yield where, f'<{name}> belongs to rt/os: take it through an interface of rt/'


def _calls(tree, path, test):
    for number, line in tree.lines(path):
        code = code_of(line)
        if CLOCKS.search(code) and not test:
            yield f'{path}:{number}', 'reads a clock: take rt::Clock'
        if CHANCE.search(code):
            yield f'{path}:{number}', 'randomness without a seed: take rt::Random'
        if SLEEP.search(code):
            yield f'{path}:{number}', 'sleeps: wait for the event itself (rt::Timers, a condition)'
