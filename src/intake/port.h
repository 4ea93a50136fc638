// The one way in for a message: open, write, finish. What finish() accepts is on stable storage.
#pragma once

#include <memory>
#include <string>

#include "rt/world.h"
#include "wire/smtp/envelope.h"

namespace ph::intake {

struct Accepted {
  std::string queue_id;
};

/// One message on its way in. Dropped before finish(): nothing of it remains.
class Draft {
 public:
  virtual ~Draft() = default;
  /// Message octets as received (dot-unstuffed, CRLF line ends), any split. An error is remembered and
  /// given by finish(), so that the caller can read the message to its end (RFC 5321 §4.1.1.4).
  virtual Task<Result<Done>> write(std::string octets, rt::Instant deadline) = 0;
  /// Returns when the message, its recipients and its events are durable; only then may 250 be sent.
  ///   over_limit   `what` says which: "message is too big", "too many Received fields"
  ///   unavailable  no space, store down: 452 / 451
  virtual Task<Result<Accepted>> finish(rt::Instant deadline) = 0;
};

class Intake {
 public:
  virtual ~Intake() = default;
  /// unavailable: no memory budget or space for it now.
  virtual Task<Result<std::unique_ptr<Draft>>> open(smtp::Envelope envelope,
                                                    rt::Instant deadline) = 0;
};

}  // namespace ph::intake
