// Values of the simpler fields: identifiers, lists, paths.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/address_list.h"

namespace ph::message {

inline constexpr std::size_t kListItemsMax = 10000;  // of one field; further ones are passed over

/// The identifiers of Message-ID, In-Reply-To, References or Content-ID in order, without <>. White
/// space and comments inside are left out (RFC 5322 §3.6.4, §4.5.4), so equal ones compare equal.
/// In a field without any <> every word counts as one, for In-Reply-To only those with "@" when
/// there are several words ("Your message of Tue ..."). Empty ones are left out.
///   value  may be folded
/// O(value).
std::vector<std::string> parse_message_ids(std::string_view value);

/// Comma-separated phrases, as in Keywords (RFC 5322 §3.6.5), readable; empty ones are left out.
std::vector<std::string> parse_text_list(std::string_view value);

/// Return-Path, Delivered-To, X-Original-To, Envelope-To: one path, with or without <>. Both parts
/// empty: the null path <>. nullopt: no address can be found.
std::optional<Mailbox> parse_path(std::string_view value);

/// One of the ways that a List-Help, -Subscribe, -Unsubscribe, -Post, -Owner or -Archive field
/// names (RFC 2369 §2), or the one of List-ID (RFC 2919 §3).
struct ListTarget {
  std::string target;   // the URL, or what List-ID has in <>; "NO" of List-Post
  std::string comment;  // the comment beside it, or List-ID's phrase
  bool operator==(const ListTarget&) const = default;
};
std::vector<ListTarget> parse_list_field(std::string_view value);

}  // namespace ph::message
