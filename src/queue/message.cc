#include "queue/message.h"

#include <algorithm>

#include "base/record.h"

namespace ph::queue {
namespace {

enum MessageTag : std::uint32_t {
  sender_local = 1,
  sender_domain,
  blob,
  octets_tag,
  added,
  message_id,
  peer,
  accepted,
  eight_bit,
  smtputf8,
  day,  // was kept when the row's key did not have it
  eight_bit_header,
  return_full,
  envelope_id,
  delivered_to,
  return_headers,
};
enum JobTag : std::uint32_t {
  local = 1,
  domain,
  state,
  attempts,
  parent,
  next_attempt_tag,
  why,
  held,
  warned,
  notify,
  host,
  reply,
  original,
  kept,
  released,
};

std::string_view cut(std::string_view text, std::size_t octets_max) {
  return text.substr(0, octets_max);
}

}  // namespace

std::optional<Wall> next_attempt(const Message& message) {
  std::optional<Wall> first;
  for (const Job& job : message.jobs)
    if (job.open() && (!first || job.next_attempt < *first)) first = job.next_attempt;
  return first;
}

bool Message::settled() const {
  return std::ranges::none_of(jobs, [](const Job& job) { return job.state == JobState::waiting; });
}

std::string format_message(const Message& m) {
  RecordWriter w(1);
  w.text(sender_local, m.sender.local).text(sender_domain, m.sender.domain);
  w.text(MessageTag::blob, m.blob).number(octets_tag, m.octets);
  w.text(MessageTag::added, m.added).text(MessageTag::message_id, m.message_id);
  w.text(MessageTag::peer, m.peer).signed_number(MessageTag::accepted, unix_ms(m.accepted));
  w.number(MessageTag::eight_bit, m.eight_bit).number(MessageTag::smtputf8, m.smtputf8);
  if (m.eight_bit_header) w.number(MessageTag::eight_bit_header, 1);
  if (m.return_full) w.number(MessageTag::return_full, 1);
  if (m.return_headers) w.number(MessageTag::return_headers, 1);
  if (!m.envelope_id.empty()) w.text(MessageTag::envelope_id, m.envelope_id);
  for (const std::string& address : m.delivered_to) w.text(MessageTag::delivered_to, address);
  return w.take();
}

Result<Message> parse_message(std::string_view octets) {
  PH_TRY(RecordReader r, RecordReader::open(octets, 1));
  Message m;
  while (r.next()) {
    switch (r.tag()) {
      case sender_local: m.sender.local = r.text(); break;
      case sender_domain: m.sender.domain = r.text(); break;
      case MessageTag::blob: m.blob = r.text(); break;
      case octets_tag: m.octets = r.number(); break;
      case MessageTag::added: m.added = r.text(); break;
      case MessageTag::message_id: m.message_id = r.text(); break;
      case MessageTag::peer: m.peer = r.text(); break;
      case MessageTag::accepted: m.accepted = wall_of(r.signed_number()); break;
      case MessageTag::eight_bit: m.eight_bit = r.number() != 0; break;
      case MessageTag::smtputf8: m.smtputf8 = r.number() != 0; break;
      case MessageTag::eight_bit_header: m.eight_bit_header = r.number() != 0; break;
      case MessageTag::return_full: m.return_full = r.number() != 0; break;
      case MessageTag::return_headers: m.return_headers = r.number() != 0; break;
      case MessageTag::envelope_id: m.envelope_id = r.text(); break;
      case MessageTag::delivered_to: m.delivered_to.emplace_back(r.text()); break;
      default: break;
    }
  }
  if (r.broken()) return fail(Kind::corrupt, "queued message cannot be read");
  return m;
}

std::string format_jobs(const std::vector<Job>& jobs, std::size_t first) {
  std::string out;
  for (std::size_t i = first; i < std::min(jobs.size(), first + kJobsPerRow); ++i) {
    const Job& job = jobs[i];
    RecordWriter w(1);
    w.text(local, job.recipient.local).text(domain, job.recipient.domain);
    w.number(state, static_cast<std::uint64_t>(job.state)).number(attempts, job.attempts);
    if (job.parent != Job::kNoParent) w.number(parent, job.parent);
    w.signed_number(next_attempt_tag, unix_ms(job.next_attempt));
    if (!job.why.empty()) w.text(why, cut(job.why, kJobWhyOctetsMax));
    if (job.held) w.number(held, 1);
    if (job.warned) w.number(warned, 1);
    if (job.notify != Notify::usual) w.number(notify, job.notify);
    if (!job.host.empty()) w.text(host, cut(job.host, kJobHostOctetsMax));
    if (!job.reply.empty()) w.text(reply, cut(job.reply, kJobReplyOctetsMax));
    if (!job.original.empty()) w.text(original, cut(job.original, kOriginalRecipientOctetsMax));
    if (job.kept) w.number(kept, 1);
    if (job.released) w.number(released, 1);
    const std::string record = w.take();
    put_varint(out, record.size());
    out += record;
  }
  return out;
}

Result<Done> parse_jobs(std::string_view octets, std::vector<Job>& jobs) {
  while (!octets.empty()) {
    const auto size = take_varint(octets);
    if (!size || *size > octets.size())
      return fail(Kind::corrupt, "recipients of a queued message are cut short");
    PH_TRY(RecordReader r, RecordReader::open(octets.substr(0, *size), 1));
    octets.remove_prefix(*size);
    Job job;
    while (r.next()) {
      switch (r.tag()) {
        case local: job.recipient.local = r.text(); break;
        case domain: job.recipient.domain = r.text(); break;
        case state: job.state = static_cast<JobState>(r.number()); break;
        case attempts: job.attempts = static_cast<std::uint32_t>(r.number()); break;
        case parent: job.parent = static_cast<std::uint32_t>(r.number()); break;
        case next_attempt_tag: job.next_attempt = wall_of(r.signed_number()); break;
        case why: job.why = r.text(); break;
        case held: job.held = r.number() != 0; break;
        case warned: job.warned = r.number() != 0; break;
        case notify: job.notify = static_cast<std::uint8_t>(r.number()); break;
        case host: job.host = r.text(); break;
        case reply: job.reply = r.text(); break;
        case original: job.original = r.text(); break;
        case kept: job.kept = r.number() != 0; break;
        case released: job.released = r.number() != 0; break;
        default: break;
      }
    }
    if (r.broken()) return fail(Kind::corrupt, "a recipient of a queued message cannot be read");
    jobs.push_back(std::move(job));
  }
  return Done{};
}

}  // namespace ph::queue
