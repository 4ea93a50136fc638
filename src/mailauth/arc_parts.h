// The fields of ARC sets, read. RFC 8617 §4.1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "mailauth/dkim_signature.h"
#include "message/header.h"

namespace ph::mailauth {

/// Of one instance; they alias the header.
struct ArcFields {
  const message::Field* results = nullptr;  // ARC-Authentication-Results
  const message::Field* message = nullptr;  // ARC-Message-Signature
  const message::Field* seal = nullptr;     // ARC-Seal
};

/// The sets of a header, instance 1 first. `wrong`: what makes them no chain (an instance that is
/// missing, doubled or no number, too many); "" where they are one, or there are none.
std::vector<ArcFields> collect_arc(const message::Header& header, std::string& wrong);

struct ArcSeal {
  DkimSignature signature;  // without a body hash and names of fields
  std::string cv;           // "none", "pass" or "fail"
};
/// malformed: with the reason.
Result<ArcSeal> parse_arc_seal(std::string_view value);
/// malformed: with the reason. RFC 8617 §4.1.2: a DKIM-Signature without v=, i= being the instance.
Result<DkimSignature> parse_arc_message_signature(std::string_view value);

/// What stands behind "i=N;", on one line.
std::string arc_results(std::string_view value);

}  // namespace ph::mailauth
