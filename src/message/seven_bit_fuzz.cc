// Input: one octet that picks where to cut, then a message. Oracles: the plan does not depend on
// the cut, nor does what is written; that is 7-bit, has no line over 998 octets, and needs no
// conversion of its own; without edits it is the message itself.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/seven_bit.h"
#include "message/testing/mime_leaves.h"

namespace {
using ph::message::SevenBitPlan;

SevenBitPlan planned(std::string_view message, std::size_t cut) {
  ph::message::SevenBitScan scan;
  scan.feed(message.substr(0, cut));
  scan.feed(message.substr(cut));
  return scan.finish();
}

std::string written(const SevenBitPlan& plan, std::string_view message, std::size_t cut) {
  ph::message::SevenBitWriter writer(plan);
  std::string out;
  writer.feed(message.substr(0, cut), out);
  writer.feed(message.substr(cut), out);
  writer.finish(out);
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view message(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = message.empty() ? 0 : data[0] % (message.size() + 1);
  const SevenBitPlan plan = planned(message, message.size());
  if (plan != planned(message, cut) || plan.octets != message.size()) std::abort();
  if (!plan.possible()) return plan.needed() ? (std::abort(), 0) : 0;
  const std::string out = written(plan, message, message.size());
  if (out != written(plan, message, cut)) std::abort();
  if (!plan.needed() && out != message) std::abort();
  if (!ph::message::testing::is_seven_bit(out)) std::abort();
  const SevenBitPlan again = planned(out, out.size());
  if (!again.possible() || again.needed()) std::abort();
  return 0;
}
