"""Notes, not findings: files over 400 lines, functions over 70."""
import re

FILE_LINES = 400
FUNCTION_LINES = 70
# In formatted code a function outside a class opens at column 0 and ends with a lone brace there.
NO_FUNCTION = re.compile(r'^(namespace|struct|class|enum|union|extern|static_assert|#|//|/\*|using|}|template<)')


def notes(tree):
    for path in tree.sources:
        lines = tree.lines(path)
        if len(lines) > FILE_LINES:
            yield f'{path}:1', f'{len(lines)} lines'
        began = None
        for number, line in lines:
            if line and not line[0].isspace() and not NO_FUNCTION.match(line):
                if began is None and '(' in line:
                    began = number
            if line == '}' or line.startswith('};'):
                if began and number - began >= FUNCTION_LINES:
                    yield f'{path}:{began}', f'a function of {number - began + 1} lines'
                began = None
            elif line.endswith(';') and not line[0].isspace():
                began = None
