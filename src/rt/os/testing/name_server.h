// A name server of a few fixed answers on a loopback port: authoritative, without recursion, as
// small as libunbound takes it. Answers "silent.test" never.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "rt/endpoint.h"
#include "rt/os/descriptor.h"

namespace ph::rt::os::testing {

class NameServer {
 public:
  NameServer();
  ~NameServer();  // ends its thread
  Endpoint at() const { return at_; }
  unsigned questions() const { return questions_; }

 private:
  void serve();

  Fd socket_;
  Endpoint at_;
  std::atomic<bool> stopping_{false};
  std::atomic<unsigned> questions_{0};
  std::thread thread_;
};

}  // namespace ph::rt::os::testing
