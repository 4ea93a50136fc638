"""Every header compiles alone and starts its life with #pragma once.

Why: an include order that matters is a trap for the next person. A header whose own .cc includes it first is proved
by the build; the others are compiled here. What was found good is remembered in build/tidy/headers.json with the
stamps of all our files that it read, so a second run takes no time.
"""
import concurrent.futures
import json
import os
import shutil
import subprocess
import tempfile

from .tree import included

COMPILER = 'clang++-19'
FLAGS = ['-std=c++23', '-fsyntax-only', '-x', 'c++', '-Wall', '-Wextra', '-Wno-pragma-once-outside-header',
         '-Wno-missing-designated-field-initializers',
         '-Werror', '-D_GLIBCXX_ASSERTIONS', '-DBOOST_ASIO_SEPARATE_COMPILATION',
         '-DBOOST_ASIO_NO_DEPRECATED', '-DSPDLOG_COMPILED_LIB', '-DSPDLOG_FMT_EXTERNAL', '-DPH_SOURCE_DIR=""', '-Isrc']


def check(tree):
    headers = [path for path in tree.sources if path.suffix == '.h' and path.parts[0] == 'src']
    for path in headers:
        if '#pragma once' not in tree.text(path):
            yield f'{path}:1', 'no #pragma once'
    headers = [path for path in headers if not _proved_by_the_build(tree, path)]
    if not headers:
        return
    if shutil.which(COMPILER) is None:
        yield 'tools/packages:1', f'{COMPILER} is missing: tools/install.sh build'
        return
    cache_file = tree.root / 'build' / 'tidy' / 'headers.json'
    good = _remembered(cache_file)
    waiting = [path for path in headers if not _unchanged(tree.root, good.get(str(path)))]
    now_good = {str(path): good[str(path)] for path in headers if path not in waiting}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (errors, read) in zip(waiting, pool.map(lambda p: _compile(tree.root, p), waiting)):
            if errors:
                yield f'{path}:1', f'does not compile alone: {errors}'
            else:
                now_good[str(path)] = {name: _stamp(tree.root / name) for name in read}
    cache_file.parent.mkdir(parents=True, exist_ok=True)
    cache_file.write_text(json.dumps({'flags': FLAGS, 'good': now_good}))


def _proved_by_the_build(tree, header):
    source = header.with_suffix('.cc')
    if not (tree.root / source).exists():
        return False
    first = next(included(tree, source), (0, '', ''))
    return first[1:] == ('"', str(header.relative_to('src')))


def _stamp(path):
    try:
        facts = path.stat()
    except OSError:
        return None
    return [facts.st_mtime_ns, facts.st_size]


def _remembered(cache_file):
    try:
        kept = json.loads(cache_file.read_text())
    except (OSError, ValueError):
        return {}
    return kept['good'] if kept.get('flags') == FLAGS else {}


def _unchanged(root, stamps):
    return bool(stamps) and all(_stamp(root / name) == stamp for name, stamp in stamps.items())


def _compile(root, path):
    """("" or the first error, our files that were read)."""
    with tempfile.NamedTemporaryFile('r', suffix='.d') as made:
        done = subprocess.run([COMPILER, *FLAGS, '-MMD', '-MF', made.name, '-MT', 'x', str(path)], cwd=root,
                              stderr=subprocess.PIPE, text=True, check=False)
        names = made.read().replace('\\\n', ' ').split()[1:]
    if done.returncode == 0:
        return '', names
    errors = [line for line in done.stderr.splitlines() if 'error:' in line]
    return (errors or done.stderr.splitlines() or ['no message'])[0], names
