// What all codings have in common: octets in, octets out, in any split, and what did not fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ph::codec {

/// Faults that one run keeps; further ones are only counted.
inline constexpr std::size_t kFaultsKeptMax = 64;

/// Something in the input that its coding does not allow.
struct Fault {
  std::uint64_t offset;   // of the first octet that does not fit, counted from the first fed
  std::string_view what;  // a sentence without full stop; from a Literal
  bool operator==(const Fault&) const = default;
};

/// What did not fit in one run: all of it counted, the first kFaultsKeptMax kept, in order.
class Faults {
 public:
  void add(std::uint64_t offset, Literal what) { add(Fault{offset, what.text}); }
  /// One that was found elsewhere.
  void add(const Fault& fault) {
    if (++count_ <= kFaultsKeptMax) kept_.push_back(fault);
  }
  std::uint64_t count() const { return count_; }
  std::span<const Fault> kept() const { return kept_; }
  void clear() {
    count_ = 0;
    kept_.clear();
  }
  bool operator==(const Faults&) const = default;

 private:
  std::uint64_t count_ = 0;
  std::vector<Fault> kept_;
};

/// What coded input says about itself beside its octets: a file's name, a length, a checksum.
struct Fact {
  std::string_view name;  // "name", "mode", "crc32": in lower case, from a literal
  std::string value;      // as it stood there: any octets
  bool operator==(const Fact&) const = default;
};

/// One direction of a coding, for one run at a time.
///
///   feed    the next octets, in any split, borrowed for the call; appends what is known to `out`
///   finish  no octets follow: appends what was held back. The next feed() begins a new run, with
///           no faults
///   out     the same for every split of the same octets. Input that does not fit is left out,
///           replaced or taken as it is, as the coding's header says, and is a fault: who wants
///           only what is right looks for faults().count() == 0
///   cost    O(octets); memory bounded, whatever comes
class Stream {
 public:
  virtual ~Stream() = default;
  virtual void feed(std::string_view octets, std::string& out) = 0;
  virtual void finish(std::string& out) = 0;
  /// Of the run under way, and after finish() of the one that ended.
  virtual const Faults& faults() const = 0;
  /// Final after finish().
  virtual std::vector<Fact> facts() const { return {}; }
};

}  // namespace ph::codec
