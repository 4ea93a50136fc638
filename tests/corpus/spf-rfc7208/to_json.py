#!/usr/bin/env python3
"""Writes the suite's YAML as JSON, which the tests read: to_json.py FILE.yml > FILE.json

Octets outside ASCII stand as the code points of the same number. Zones become lists of
[name, type, value]; type TIMEOUT: every question about the name that nothing else answers times out.
Needs python3-yaml; only for whoever takes over a newer suite.
"""
import json
import sys

import yaml


def records(entries):
    types = {next(iter(e)) for e in entries if isinstance(e, dict)}
    for entry in entries:
        if not isinstance(entry, dict):
            yield str(entry), ''
            continue
        (kind, value), = entry.items()
        if kind == 'SPF':
            if 'TXT' in types:
                continue
            kind = 'TXT'
        if kind == 'TXT' and value == 'NONE':
            continue
        if kind == 'TXT':
            value = value if isinstance(value, list) else [value]
        yield kind, value


out = []
for document in yaml.safe_load_all(open(sys.argv[1], encoding='utf-8')):
    if not document:
        continue
    zone = [[name, kind, value] for name, entries in document['zonedata'].items() for kind, value in records(entries)]
    out.append({'description': document['description'], 'tests': document['tests'], 'zone': zone})
json.dump(out, sys.stdout, indent=1, default=str)
print()
