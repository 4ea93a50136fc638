#include "base/event.h"

#include "base/record.h"

namespace ph {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::connect: return "connect";
    case Stage::authenticate: return "authenticate";
    case Stage::envelope: return "envelope";
    case Stage::content: return "content";
    case Stage::accept: return "accept";
    case Stage::route: return "route";
    case Stage::deliver: return "deliver";
    case Stage::relay: return "relay";
    case Stage::bounce: return "bounce";
    case Stage::access: return "access";
    case Stage::administer: return "administer";
  }
  return "unknown";  // an event of a newer program
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::done: return "done";
    case Outcome::refused: return "refused";
    case Outcome::deferred: return "deferred";
    case Outcome::failed: return "failed";
    case Outcome::note: return "note";
  }
  return "unknown";
}

namespace {
enum Tag : std::uint32_t {
  at = 1,
  stage,
  outcome,
  queue_id,
  message_id,
  sender,
  recipient,
  peer,
  why,
  reply
};
}

std::string format_event(const Event& e) {
  RecordWriter w(1);
  w.signed_number(Tag::at, unix_ms(e.at));
  w.number(Tag::stage, static_cast<std::uint64_t>(e.stage));
  w.number(Tag::outcome, static_cast<std::uint64_t>(e.outcome));
  const auto optional = [&w](std::uint32_t tag, const std::string& text) {
    if (!text.empty()) w.text(tag, text);
  };
  optional(Tag::queue_id, e.queue_id);
  optional(Tag::message_id, e.message_id);
  optional(Tag::sender, e.sender);
  optional(Tag::recipient, e.recipient);
  optional(Tag::peer, e.peer);
  optional(Tag::why, e.why);
  optional(Tag::reply, e.reply);
  return w.take();
}

Result<Event> parse_event(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  Event e;
  while (r.next()) {
    switch (r.tag()) {
      case Tag::at: e.at = wall_of(r.signed_number()); break;
      case Tag::stage: e.stage = static_cast<Stage>(r.number()); break;
      case Tag::outcome: e.outcome = static_cast<Outcome>(r.number()); break;
      case Tag::queue_id: e.queue_id = r.text(); break;
      case Tag::message_id: e.message_id = r.text(); break;
      case Tag::sender: e.sender = r.text(); break;
      case Tag::recipient: e.recipient = r.text(); break;
      case Tag::peer: e.peer = r.text(); break;
      case Tag::why: e.why = r.text(); break;
      case Tag::reply: e.reply = r.text(); break;
      default: break;
    }
  }
  if (r.broken()) return fail(Kind::corrupt, "stored event cannot be read");
  return e;
}

std::string format_events(const std::vector<Event>& events) {
  std::string out;
  for (const Event& event : events) {
    const std::string record = format_event(event);
    put_varint(out, record.size());
    out += record;
  }
  return out;
}

Result<std::vector<Event>> parse_events(std::string_view octets) {
  std::vector<Event> events;
  while (!octets.empty()) {
    const auto size = take_varint(octets);
    if (!size || *size > octets.size()) return fail(Kind::corrupt, "stored events are cut short");
    PH_TRY(Event event, parse_event(octets.substr(0, *size)));
    octets.remove_prefix(*size);
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace ph
