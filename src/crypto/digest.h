// Digests of what arrives in pieces: the hashes that mail signatures are made over.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ph::crypto {

enum class DigestKind : std::uint8_t { sha1, sha256 };

/// One digest under way. Not for use from two threads at a time.
class Digest {
 public:
  explicit Digest(DigestKind kind);
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  ~Digest();

  void update(std::string_view octets);
  /// 20 or 32 octets. The next update() begins anew.
  std::string finish();
  /// What finish() would give behind update(tail); the digest goes on as if it had not been asked.
  std::string peek(std::string_view tail) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ph::crypto
