// What the codings of this room share beneath: where a run begins, where in it we are, its faults.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/stream.h"

namespace ph::codec {

/// A Stream that knows its place. A coding fills in what to forget when a run begins, what to do
/// with octets, and what to append when no more follow.
class RunStream : public Stream {
 public:
  void feed(std::string_view octets, std::string& out) final {
    begin();
    take(octets, out);
    offset_ += octets.size();
  }
  void finish(std::string& out) final {
    begin();
    end(out);
    ended_ = true;
  }
  const Faults& faults() const final { return faults_; }

 protected:
  /// A run ended and another begins: nothing of the former may be left.
  virtual void start() = 0;
  virtual void take(std::string_view octets, std::string& out) = 0;
  virtual void end(std::string& out) = 0;

  /// In take(): of the first of the octets given. In end(): of all.
  std::uint64_t offset() const { return offset_; }
  void fault(std::uint64_t offset, Literal what) { faults_.add(offset, what); }
  Faults& fault_list() { return faults_; }

 private:
  void begin() {
    if (!ended_) return;
    ended_ = false;
    offset_ = 0;
    faults_.clear();
    start();
  }

  Faults faults_;
  std::uint64_t offset_ = 0;
  bool ended_ = false;
};

}  // namespace ph::codec
