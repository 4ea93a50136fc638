// The usual text of quoted-printable, decoded many octets at a time where the processor can. For
// quoted_printable.h and for tests that hold it against what decodes octet by octet.
#pragma once

#include <cstddef>

namespace ph::codec {

/// Octets taken and octets written.
struct QuotedPrintableRun {
  std::size_t in = 0, out = 0;
};

/// Decodes text, escapes, soft line breaks and line breaks from the front of in[0, octets), as far
/// as nothing has to be looked at more closely: a fault, blanks before a line break, the last
/// octets of all. May take none. `out` has room for `octets`, and may be spoiled as far.
using QuotedPrintableKernel = QuotedPrintableRun (*)(const char* in, std::size_t octets, char* out);

/// Octets that a kernel looks at together; where it stops it is no use for about as many.
inline constexpr std::size_t kQuotedPrintableBlockOctets = 64;

/// That for AVX2, or nullptr where the processor or the build has none.
QuotedPrintableKernel avx2_quoted_printable_kernel();

}  // namespace ph::codec
