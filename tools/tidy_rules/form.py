"""Formatting is clang-format-19's (.clang-format), pinned, so that nobody discusses it."""
import re
import shutil
import subprocess

FORMATTER = 'clang-format-19'
FINDING = re.compile(r'^(.*?):(\d+):\d+: (?:error|warning): code should be clang-formatted')
BATCH_FILES = 64


def check(tree):
    if shutil.which(FORMATTER) is None:
        yield 'tools/packages:1', f'{FORMATTER} is missing: tools/install.sh build'
        return
    files = [str(path) for path in tree.sources]
    for at in range(0, len(files), BATCH_FILES):
        done = subprocess.run([FORMATTER, '--dry-run', *files[at:at + BATCH_FILES]], cwd=tree.root,
                              stderr=subprocess.PIPE, text=True, check=False)
        seen = set()
        for line in done.stderr.splitlines():
            found = FINDING.match(line)
            if found and found.group(1) not in seen:
                seen.add(found.group(1))
                yield f'{found.group(1)}:{found.group(2)}', f'not formatted: {FORMATTER} -i {found.group(1)}'
        if done.returncode != 0 and not seen:
            yield f'{files[at]}:1', f'{FORMATTER} failed: {done.stderr.strip()[:200]}'
