#!/bin/sh
# DKIM beside libopendkim. Builds the library of the release preset first. Packages: group "bench"
# of tools/packages.
set -eu
cd "$(dirname "$0")/../.."
cmake --preset release >/dev/null
cmake --build --preset release --target dkim_peers
./build/release/dkim_peers
