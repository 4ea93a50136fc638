"""Names that say nothing are banned: manager, util, process, handle, do_x, x_locked.

Why: they hide what a thing is for. Calls of other people's functions are not our names.
"""
import re

from .tree import code_of

FILE = re.compile(r'(^|_)(managers?|utils?|process|handle|misc|common|helpers?)(_|\.|$)')
FUNCTION = re.compile(
    r'^\s*(?!return\b|co_return\b|co_await\b|co_yield\b|throw\b|else\b|case\b|new\b|delete\b|goto\b)'
    r'(?:[\w:]+(?:<[^;={}]*>)?[\s&*]+)+'      # a type before the name: a declaration, not a call
    r'(?:\w+::)*(?P<name>[a-z]\w*)\s*\([^;]*(?:[;{,(]|\)|$)')
BANNED_FUNCTION = re.compile(r'^(do_\w+|\w+_locked|(process|handle|manage)(_\w+)?|\w*(manager|utils?))$')
TYPE = re.compile(r'\b(?:class|struct|enum class|using|concept)\s+(?P<name>\w*(?:Manager|Utils?|Helper))\b')
SNAKE = re.compile(r'^[a-z0-9_]+(\.[a-z]+)?$')


def check(tree):
    for path in tree.sources:
        if path.parts[0] != 'src':
            continue
        if FILE.search(path.name):
            yield f'{path}:1', f'file name {path.name}: say what is in it'
        if not SNAKE.match(path.name):
            yield f'{path}:1', f'file name {path.name}: snake_case'
        for number, line in tree.lines(path):
            code = code_of(line)
            found = FUNCTION.match(code)
            if found and BANNED_FUNCTION.match(found['name']):
                yield f'{path}:{number}', f'function {found["name"]}: a verb that says what it does'
            found = TYPE.search(code)
            if found:
                yield f'{path}:{number}', f'type {found["name"]}: a noun that says what it is'
