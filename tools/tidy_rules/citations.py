"""References are written `RFC 5321 §4.1.1.4`: one form, so that they can be found and counted.

What is cited must stand in docs/rfc/index.tsv; tools/rfc_index checks that and makes the index pages.
"""
import re

WRONG = re.compile(
    r'\b(?:RFC-?\d{3,5}\b'                                     # RFC5321
    r'|(?:rfc|Rfc) ?-?\d{3,5}\b'                               # rfc 5321
    r'|RFC +\d{3,5},? +(?:[Ss]ect(?:ion)?s?\.?|[Cc]hapter) *\d'  # RFC 5321 section 4
    r'|RFC +\d{3,5},? +§ +\d'                                  # RFC 5321 § 4
    r'|RFC +\d{3,5}§)')                                        # RFC 5321§4
# rfc2047 is also the name of a coding, and rfc822 that of a MIME type: names in quotes are no citations.
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')


def check(tree):
    for path in tree.sources:
        for number, line in tree.lines(path):
            found = WRONG.search(QUOTED.sub('""', line))
            if found:
                yield f'{path}:{number}', f'"{found.group()}": write RFC NNNN §x.y'
