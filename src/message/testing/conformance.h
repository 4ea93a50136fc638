// Conformance cases as data: they are read in base/testing, for all rooms.
#pragma once

#include "base/testing/conformance.h"  // IWYU pragma: export
