// What happened to a message or in a session, and why: the facts that `posthouse why` answers from.
// An event is committed in the same batch as the state it explains (DESIGN: "always explained").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace ph {

enum class Stage : std::uint8_t {  // where in its way the message (or session) was
  connect = 1,                     // a connection opened or was turned away
  authenticate,
  envelope,  // MAIL or RCPT
  content,   // DATA to the reply after the final dot
  accept,    // committed: the 250
  route,     // plan made, alias expanded
  deliver,   // into a mailbox
  relay,     // to another server
  bounce,
  access,      // read or deleted by its owner
  administer,  // changed by an administrator
};

enum class Outcome : std::uint8_t {
  done = 1,  // the stage ended as wished
  refused,   // permanently turned away (5yz)
  deferred,  // temporarily turned away, or will be tried again (4yz)
  failed,    // given up
  note,      // a fact on the way
};

std::string_view to_string(Stage stage);
std::string_view to_string(Outcome outcome);

struct Event {
  Wall at{};
  Stage stage = Stage::connect;
  Outcome outcome = Outcome::note;
  std::string queue_id;    // empty before a message has one
  std::string message_id;  // without <>; empty when unknown
  std::string sender;      // reverse path without <>; "" is the null sender
  std::string recipient;   // empty: concerns all recipients
  std::string peer;        // "203.0.113.7 (helo mx.example.test)", or the listener's name
  std::string why;         // one sentence, what and why
  std::string reply;       // the reply given or received, verbatim
  bool operator==(const Event&) const = default;
};

/// Record version 1 (docs/formats/event.md).
std::string format_event(const Event& event);
Result<Event> parse_event(std::string_view octets);

/// Many events in one value: each as length varint and record.
std::string format_events(const std::vector<Event>& events);
Result<std::vector<Event>> parse_events(std::string_view octets);

/// Events on their way into the journal.
struct EventBlock {
  /// At most 400 octets; a property of what is kept, not of the attempt: the once-only marker.
  std::string origin;
  std::string packed;  // format_events(), at most 60 KiB
};

}  // namespace ph
