#include "mailauth/dkim_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/base64.h"
#include "mailauth/tag_list.h"

namespace ph::mailauth {
namespace {

bool has(const std::vector<std::string>& list, std::string_view one) {
  return std::ranges::find(list, one) != list.end();
}

/// Base 64 with what real records lack: padding.
Result<std::string> decode_key(std::string_view value) {
  std::string text = without_space(value);
  while (text.size() % 4 != 0) text += '=';
  return codec::decode_base64(text);
}

}  // namespace

Result<DkimRecord> parse_dkim_record(std::string_view text) {
  PH_TRY(const TagList tags, TagList::parse(text));
  DkimRecord out;
  if (const auto version = tags.find("v")) {
    // RFC 6376 §3.6.1: it must be the first tag, and have this value.
    if (tags.tags().front().name != "v" || *version != "DKIM1")
      return fail(Kind::malformed, "the record is not of version DKIM1");
  }
  const auto key = tags.find("p");
  if (!key) return fail(Kind::malformed, "the record has no key (p=)");
  if (const auto kind = tags.find("k"); kind && *kind == "ed25519") {
    out.kind = crypto::KeyKind::ed25519;
  } else if (kind && *kind != "rsa") {
    return fail(Kind::malformed, "the record's kind of key (k=) is unknown",
                std::string(kind->substr(0, 64)));
  }
  auto octets = decode_key(*key);
  if (!octets) return fail(Kind::malformed, "the record's key (p=) is not base 64");
  out.key = *std::move(octets);
  if (const auto hashes = tags.find("h")) out.hashes = split_colons(*hashes);
  if (const auto services = tags.find("s")) {
    const auto list = split_colons(*services);
    out.for_mail = has(list, "*") || has(list, "email");
  }
  if (const auto flags = tags.find("t")) {
    const auto list = split_colons(*flags);
    out.testing = has(list, "y");
    out.strict_identity = has(list, "s");
  }
  out.notes = tags.find("n").value_or("");
  return out;
}

std::string format_dkim_record(const crypto::PrivateKey& key) {
  return fmt::format("v=DKIM1; k={}; p={}", key.kind() == crypto::KeyKind::rsa ? "rsa" : "ed25519",
                     codec::encode_base64(key.public_octets()));
}

}  // namespace ph::mailauth
