// The one way in for a message: open, write, finish. What finish() accepts is on stable storage.
#pragma once

#include <memory>
#include <string>

#include "rt/world.h"
#include "wire/smtp/envelope.h"

namespace ph::intake {

/// How a message ended that was on its way in.
struct Finished {
  enum class What : std::uint8_t {
    accepted,       // on stable storage: the 250 may be sent
    too_big,        // over the size limit
    too_many_hops,  // more Received fields than kReceivedFieldsMax: a loop (RFC 5321 §6.3)
    no_space,       // disk or memory budget: later
    temporary,      // a room of ours cannot answer now: later
    unproven,       // a domain in From wants mail like this one refused, or a stranger's header
                    // cannot be read
    unprovable,     // the DNS does not say now whether one does: later
  };
  What what = What::temporary;
  std::string queue_id;  // accepted
  std::string reply;     // unproven, unprovable: the reason, printable ASCII
};

/// One message on its way in. Dropped before finish(): nothing of it remains.
class Draft {
 public:
  virtual ~Draft() = default;
  /// Message octets as received (dot-unstuffed, CRLF line ends), any split. What goes wrong is
  /// remembered and told by finish(), so that the caller reads the message to its end (RFC 5321
  /// §4.1.1.4).
  virtual Task<void> write(std::string octets, rt::Instant deadline) = 0;
  /// The caller turns the message away (a line that breaks the protocol): the reason goes into the
  /// events of each recipient. Nothing of the message remains.
  virtual void refuse(std::string why) = 0;
  /// Returns `accepted` when the message, its recipients and its events are durable.
  virtual Task<Finished> finish(rt::Instant deadline) = 0;
};

class Intake {
 public:
  virtual ~Intake() = default;
  /// unavailable: no memory budget or space for it now.
  virtual Task<Result<std::unique_ptr<Draft>>> open(smtp::Envelope envelope,
                                                    rt::Instant deadline) = 0;
};

}  // namespace ph::intake
