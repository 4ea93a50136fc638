// What the X- fields of providers, filters and programs say, as named facts.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "message/header.h"

namespace ph::message {

inline constexpr std::size_t kProviderFactsMax = 256;  // of one header
inline constexpr std::size_t kFactOctetsMax = 512;  // of a value that is repeated; the rest is cut

/// One fact. `what` is from a fixed list: "originating ip", "spam score", "spam verdict",
/// "program", "country", "delay in the server", ... Who wrote the field is not known: a sender may
/// have.
struct ProviderFact {
  std::string_view provider;  // "Microsoft", "Google", "SpamAssassin", ...; "" where anybody's
  std::string_view what;
  std::string value;  // readable
  std::string field;  // the field's name as written
};

/// In order of the fields. Fields that we know nothing about are left out. O(fields).
std::vector<ProviderFact> provider_facts(std::span<const Field> fields);

}  // namespace ph::message
