#include "mailbox/names.h"

#include <array>
#include <charconv>

#include "codec/base32.h"

namespace ph::mailbox {
namespace {

constexpr std::size_t kOrderedChars = 16;

std::optional<std::uint32_t> uid_of_hex(std::string_view hex) {
  std::uint64_t value = 0;
  if (hex.size() != kOrderedChars) return std::nullopt;
  const auto read = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  if (read.ec != std::errc() || read.ptr != hex.data() + hex.size() || value > 0xffffffff)
    return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

}  // namespace

std::string random_id(rt::Random& random) {
  std::array<char, 16> octets{};
  random.fill(octets);
  return codec::encode_base32({octets.data(), octets.size()});
}

std::string account_partition(std::string_view account) { return "a/" + std::string(account); }

std::string mailbox_partition(std::string_view mailbox_id, std::uint32_t n) {
  return "m/" + std::string(mailbox_id) + "/" + std::to_string(n);
}

std::string mailbox_key(std::string_view mailbox_id) {
  return std::string(kMailboxKeys) + std::string(mailbox_id);
}

std::string block_key(Uid last) { return "b/" + store::ordered(last.value); }
std::string expunge_key(std::uint64_t row) { return "e/" + store::ordered(row); }
std::string marker_key(std::uint32_t day, std::string_view once) {
  return "!d/" + store::ordered(day) + "/" + std::string(once);
}

// '0' follows '/': the end of all keys that begin with the letter and a slash.
store::Range blocks_from(Uid uid) { return {block_key(uid), "b0"}; }
store::Range expunges_from(std::uint64_t row) { return {expunge_key(row), "e0"}; }
store::Range markers_before(std::uint32_t day) { return {"!d/", "!d/" + store::ordered(day)}; }

std::optional<Uid> uid_of_block_key(std::string_view key) {
  if (!key.starts_with("b/")) return std::nullopt;
  const auto uid = uid_of_hex(key.substr(2));
  if (!uid) return std::nullopt;
  return Uid{*uid};
}

std::string format_holder(std::string_view partition, Uid uid, std::string_view blob) {
  return std::string(partition) + "\tu/" + store::ordered(uid.value) + "/" + std::string(blob);
}

std::optional<Holder> parse_holder(std::string_view text) {
  const auto tab = text.find('\t');
  if (!text.starts_with("m/") || tab == std::string_view::npos) return std::nullopt;
  const std::string_view key = text.substr(tab + 1);
  if (!key.starts_with("u/") || key.size() < 4 + kOrderedChars || key[2 + kOrderedChars] != '/')
    return std::nullopt;
  const auto uid = uid_of_hex(key.substr(2, kOrderedChars));
  if (!uid) return std::nullopt;
  return Holder{std::string(text.substr(0, tab)), Uid{*uid},
                std::string(key.substr(3 + kOrderedChars))};
}

std::string thread_id(std::string_view message_id, std::string_view email_id) {
  if (message_id.empty()) return "t" + std::string(email_id.substr(email_id.empty() ? 0 : 1));
  // FNV-1a: stable for ever and never a secret; a collision merely joins two threads of one
  // account.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char octet : message_id) {
    hash ^= static_cast<std::uint8_t>(octet);
    hash *= 0x100000001b3;
  }
  std::array<char, 8> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<char>(hash >> (8 * (octets.size() - 1 - i)));
  return "t" + codec::encode_base32({octets.data(), octets.size()});
}

}  // namespace ph::mailbox
