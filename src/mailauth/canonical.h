// Canonicalization: the form of a message over which its signature is made. RFC 6376 §3.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"

namespace ph::mailauth {

enum class Canonical : std::uint8_t { simple, relaxed };
std::string_view to_string(Canonical form);

/// One field in the form that is hashed, appended to `out` with its CRLF.
///   raw    the field's exact octets, with or without its last line end
///   name   the length of its name in `raw`
/// RFC 6376 §3.4.1, §3.4.2.
void put_canonical_field(std::string_view raw, std::size_t name_octets, Canonical form,
                         std::string& out);

/// Digest of a body in one form, while the body passes by.
///
///   update  the next octets, in any split; CRLF ends a line, CR or LF alone is an octet
///   finish  the digest; O(1) memory, whatever comes
///   limit   l=: octets of the canonical body that are hashed; the rest is only counted
///
/// RFC 6376 §3.4.3, §3.4.4, §3.4.5.
class BodyDigest {
 public:
  BodyDigest(Canonical form, crypto::DigestKind kind, std::optional<std::uint64_t> limit);
  void update(std::string_view octets);
  std::string finish();
  /// Octets of the canonical body; final after finish().
  std::uint64_t octets() const { return octets_; }

 private:
  void update_simple(std::string_view octets);
  void update_relaxed(std::string_view octets);
  void put(std::string_view octets);
  void put(char c) {
    if (buffer_.size() == kBufferOctets) flush();
    buffer_ += c;
  }
  void put_line_ends();
  void flush();
  void hash(std::string_view octets);

  static constexpr std::size_t kBufferOctets = 4096;

  Canonical form_;
  std::optional<std::uint64_t> limit_;
  crypto::Digest digest_;
  std::string buffer_;           // relaxed: octets that are not hashed yet
  std::uint64_t octets_ = 0;     // given to the digest, or beyond the limit
  std::uint64_t line_ends_ = 0;  // CRLFs that may be the last ones
  bool cr_ = false;              // a CR whose LF has not come
  bool blank_ = false;           // relaxed: white space that may end its line
};

/// Different digests of one body: forms, algorithms and lengths. Each is a pass over the body.
inline constexpr std::size_t kBodyDigestsMax = 8;

/// The digests of one body that all who check or sign it need, each made once.
class BodyDigests {
 public:
  /// Before the body's first octet. nullopt: kBodyDigestsMax others are wanted already.
  std::optional<std::size_t> want(Canonical form, crypto::DigestKind kind,
                                  std::optional<std::uint64_t> limit = std::nullopt);
  void update(std::string_view octets);
  /// No octets follow. Once; want() is over then.
  void finish();

  bool finished() const { return finished_; }
  /// What want() returned; after finish().
  const std::string& value(std::size_t index) const { return all_[index].value; }
  /// Octets of the canonical body.
  std::uint64_t octets(std::size_t index) const { return all_[index].digest.octets(); }

 private:
  struct One {
    Canonical form;
    crypto::DigestKind kind;
    std::optional<std::uint64_t> limit;
    BodyDigest digest;
    std::string value;
  };
  std::vector<One> all_;
  bool finished_ = false;
};

}  // namespace ph::mailauth
