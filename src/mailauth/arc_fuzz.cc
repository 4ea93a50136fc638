// Input: a message whose header may have ARC sets. Oracles: no crash; what is collected is whole
// and within its bounds; a chain is judged the same each time; without keys nothing passes; a set
// of ours on top of a chain in order makes it longer by one, and leaves it a chain in order.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mailauth/arc.h"
#include "mailauth/arc_parts.h"

namespace {

using namespace ph::mailauth;

void require(bool fine) {
  if (!fine) std::abort();
}

const ph::crypto::PrivateKey& key() {
  static const auto made = ph::crypto::PrivateKey::generate(ph::crypto::KeyKind::ed25519).value();
  return made;
}

/// With a key of another, or none, at every name.
ArcOutcome judge(const std::string& message, bool with_keys) {
  const auto header = ph::message::parse_header(message);
  BodyDigests bodies;
  ArcVerifier verifier(header, bodies, ph::Wall{});
  bodies.update(std::string_view(message).substr(header.body()));
  bodies.finish();
  static const std::string record = format_dkim_record(key());
  Lookups lookups;
  for (;;) {
    if (auto outcome = verifier.run(lookups)) return *std::move(outcome);
    const auto questions = lookups.take_questions();
    require(!questions.empty() && questions.size() <= kArcSetsMax + 1);
    for (const auto& question : questions) {
      ph::dns::Answer answer{.status = ph::dns::Status::no_name};
      if (with_keys) {
        answer.status = ph::dns::Status::ok;
        answer.data = {std::string(1, static_cast<char>(record.size())) + record};
      }
      lookups.answer(question, std::move(answer));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t octets) {
  const std::string message(reinterpret_cast<const char*>(data), octets);
  const auto header = ph::message::parse_header(message);
  std::string wrong;
  const auto sets = collect_arc(header, wrong);
  require(sets.size() <= kArcSetsMax && (wrong.empty() || sets.empty()));
  for (const ArcFields& set : sets)
    require(set.results != nullptr && set.message != nullptr && set.seal != nullptr);
  const ArcOutcome none = judge(message, false);
  const ArcOutcome some = judge(message, true);
  const ArcOutcome again = judge(message, true);
  require(some.result == again.result && some.why == again.why);
  require(none.result != ArcResult::pass);
  require(sets.empty() || none.result != ArcResult::none);
  std::size_t operations = 0;
  for (const ArcSet& set : some.sets) operations += set.seal.operations + set.message.operations;
  require(operations <= (kArcSetsMax + 1) * kDkimKeysPerNameMax);

  const ArcSealing how{.domain = "a.test", .selector = "s", .results = "a.test; none"};
  const auto sealed = seal_arc(header, how, key(), std::string(32, 'x'));
  if (!sealed) return 0;
  const std::string longer = *sealed + message;
  const auto on_top = ph::message::parse_header(longer);
  const auto chain = collect_arc(on_top, wrong);
  // A header as long as we read pushes its last fields out, and a line of mbox is no field.
  if (header.fields().size() + 3 <= ph::message::kHeaderFieldsMax &&
      longer.size() <= ph::message::kHeaderOctetsMax && !message.starts_with("From ") &&
      !message.starts_with(">From ") && !message.starts_with(' ') && !message.starts_with('\t'))
    require(chain.size() == sets.size() + 1);
  return 0;
}
