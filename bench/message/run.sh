#!/bin/sh
# Taking messages apart, beside GMime, mimetic and CPython's email. Builds the library of the release
# preset first. Packages: group "bench" of tools/packages.
set -eu
cd "$(dirname "$0")/../.."
cmake --preset release >/dev/null
cmake --build --preset release --target mime_peers
./build/release/mime_peers tests/corpus/spam-sample
python3 bench/message/cpython_email.py tests/corpus/spam-sample
