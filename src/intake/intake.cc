#include "intake/intake.h"

#include <fmt/format.h>

#include <algorithm>

#include "message/date.h"
#include "message/header_scan.h"
#include "message/received.h"

namespace ph::intake {
namespace {

constexpr char kTooManyHops[] = "the message has been through more than 100 servers: a loop";

class House;

class BlobDraft final : public Draft {
 public:
  BlobDraft(House& house, smtp::Envelope envelope, queue::QueueId id, Budget::Share share,
            std::unique_ptr<store::BlobWriter> blob, Wall opened);
  ~BlobDraft() override;
  Task<void> write(std::string octets, rt::Instant deadline) override;
  void refuse(std::string why) override;
  Task<Finished> finish(rt::Instant deadline) override;

 private:
  using What = Finished::What;
  std::string added_fields();
  std::vector<Event> acceptance(const queue::Message& message) const;
  void look_for_eight_bit(std::string_view octets);
  void fill_envelope(queue::Message& message) const;
  void give_up(What what, std::string why);
  void give_up(const Error& error);
  Finished turn_away();
  void note(Outcome outcome) const;

  House& house_;
  smtp::Envelope envelope_;
  queue::QueueId id_;
  Budget::Share share_;
  std::unique_ptr<store::BlobWriter> blob_;
  Wall opened_;
  message::HeaderScan scan_;
  std::uint64_t octets_ = 0;
  std::optional<std::uint64_t> eight_bit_at_;  // offset of the first octet above 127
  std::optional<What> refused_;
  std::string why_;
  bool reserved_ = true;  // the queue id is ours to abandon
};

class House final : public Intake {
 public:
  House(Services services, Options options)
      : services_(std::move(services)),
        options_(std::move(options)),
        budget_(options_.memory_octets_max) {}

  Task<Result<std::unique_ptr<Draft>>> open(smtp::Envelope envelope,
                                            rt::Instant deadline) override {
    static_cast<void>(deadline);  // nothing here waits
    if (!services_.store.has_room(envelope.declared_octets.value_or(0)))
      co_return fail(Kind::unavailable, "no space for the message");
    PH_CO_TRY(Budget::Share share, budget_.take(kDraftOctetsReserved));
    PH_CO_TRY(auto blob, services_.store.blob(envelope.declared_octets));
    PH_CO_TRY(const queue::QueueId id, services_.queue.reserve());
    co_return std::unique_ptr<Draft>(std::make_unique<BlobDraft>(*this, std::move(envelope), id,
                                                                 std::move(share), std::move(blob),
                                                                 services_.world.clock.wall()));
  }

  const Services& services() const { return services_; }
  const Options& options() const { return options_; }

 private:
  Services services_;
  Options options_;
  Budget budget_;
};

std::string peer_of(const smtp::Client& client) {
  std::string peer = client.ip;
  if (!client.helo.empty()) peer += fmt::format(" (helo {})", client.helo);
  if (!client.login.empty()) peer += fmt::format(" as {}", client.login);
  return peer;
}

BlobDraft::BlobDraft(House& house, smtp::Envelope envelope, queue::QueueId id, Budget::Share share,
                     std::unique_ptr<store::BlobWriter> blob, Wall opened)
    : house_(house),
      envelope_(std::move(envelope)),
      id_(id),
      share_(std::move(share)),
      blob_(std::move(blob)),
      opened_(opened) {}

BlobDraft::~BlobDraft() {
  if (reserved_) house_.services().queue.abandon(id_);
}

Task<void> BlobDraft::write(std::string octets, rt::Instant deadline) {
  static_cast<void>(deadline);  // the store has its own
  if (refused_) co_return;
  octets_ += octets.size();
  if (octets_ > house_.options().message_octets_max)
    co_return give_up(What::too_big, fmt::format("the message is over the limit of {} octets",
                                                 house_.options().message_octets_max));
  // The writer holds back up to one chunk: that much of the budget is ours before it is used.
  const std::uint64_t wanted = std::min(octets_, kDraftOctetsBufferedMax);
  if (wanted > share_.octets() && !share_.grow(wanted - share_.octets()))
    co_return give_up(What::no_space, "the memory budget for messages under way is used up");
  look_for_eight_bit(octets);
  if (!scan_.complete()) scan_.feed(octets);
  if (scan_.received_count() > kReceivedFieldsMax)
    co_return give_up(What::too_many_hops, kTooManyHops);
  auto written = co_await blob_->write(std::move(octets));
  if (!written) give_up(std::move(written).error());
}

/// Where the first octet above 127 is: what a server without 8BITMIME must not be sent.
void BlobDraft::look_for_eight_bit(std::string_view octets) {
  if (eight_bit_at_) return;
  std::uint8_t any = 0;  // most mail has none: the whole piece first, which the compiler unrolls
  for (const char c : octets) any |= static_cast<std::uint8_t>(c);
  if (any < 0x80) return;
  const auto found =
      std::ranges::find_if(octets, [](char c) { return static_cast<std::uint8_t>(c) >= 0x80; });
  eight_bit_at_ = octets_ - octets.size() + static_cast<std::uint64_t>(found - octets.begin());
}

void BlobDraft::give_up(What what, std::string why) {
  refused_ = what;
  why_ = std::move(why);
  blob_.reset();  // what was written is swept; memory is free at once
}

void BlobDraft::give_up(const Error& error) {
  const Services& services = house_.services();
  services.world.log.error("intake: " + to_string(id_) + " was not stored", error);
  const bool full = error.kind == Kind::unavailable && !services.store.has_room(octets_);
  give_up(full ? What::no_space : What::temporary, std::string(error.what));
}

void BlobDraft::refuse(std::string why) {
  why_ = std::move(why);
  blob_.reset();
  note(Outcome::refused);
}

Finished BlobDraft::turn_away() {
  const bool later = refused_ == What::no_space || refused_ == What::temporary;
  note(later ? Outcome::deferred : Outcome::refused);
  return {.what = *refused_};
}

void BlobDraft::note(Outcome outcome) const {
  for (const message::Address& recipient : envelope_.recipients)
    house_.services().note({.at = house_.services().world.clock.wall(),
                            .stage = Stage::content,
                            .outcome = outcome,
                            .message_id = std::string(scan_.message_id()),
                            .sender = message::to_string(envelope_.sender),
                            .recipient = message::to_string(recipient),
                            .peer = peer_of(envelope_.client),
                            .why = why_});
}

std::string BlobDraft::added_fields() {
  const smtp::Client& client = envelope_.client;
  std::string added = message::received_field({
      .helo = client.helo,
      .ip = client.ip,
      .by = house_.options().hostname,
      .esmtp = client.esmtp,
      .tls = client.tls,
      .authenticated = !client.account.empty(),
      .smtputf8 = envelope_.smtputf8,
      .tls_version = client.tls_version,
      .tls_cipher = client.tls_cipher,
      .queue_id = to_string(id_),
      .recipient = envelope_.recipients.size() == 1 ? std::optional(envelope_.recipients.front())
                                                    : std::nullopt,
      .at = opened_,
  });
  // RFC 6409 §8.1, §8.2: a submission server completes what a message must have.
  if (client.role == smtp::Role::submission) {
    if (!scan_.has_date()) added += "Date: " + message::format_date(opened_) + "\r\n";
    if (!scan_.has_message_id())
      added += fmt::format("Message-ID: <{}@{}>\r\n", to_string(id_), house_.options().hostname);
  }
  return added;
}

std::vector<Event> BlobDraft::acceptance(const queue::Message& message) const {
  // One event per recipient, so that each is found; what they share stands in the first.
  std::vector<Event> events;
  for (const queue::Job& job : message.jobs) {
    Event event{.at = message.accepted,
                .stage = Stage::accept,
                .outcome = Outcome::done,
                .queue_id = to_string(message.id),
                .sender = message::to_string(message.sender),
                .recipient = message::to_string(job.recipient)};
    if (events.empty()) {
      event.message_id = message.message_id;
      event.peer = message.peer;
      event.why = fmt::format("{} octets for {} recipient(s), on stable storage", message.octets,
                              message.jobs.size());
      event.reply = "250 2.0.0 Ok: queued as " + event.queue_id;
    }
    events.push_back(std::move(event));
  }
  return events;
}

/// What another server must be told on the way on.
void BlobDraft::fill_envelope(queue::Message& message) const {
  message.eight_bit = envelope_.body == smtp::Body::eight_bit_mime || eight_bit_at_;
  message.eight_bit_header = eight_bit_at_ && *eight_bit_at_ < scan_.header_octets();
  message.smtputf8 = envelope_.smtputf8;
  message.return_full = envelope_.ret == smtp::Return::full;
  message.return_headers = envelope_.ret == smtp::Return::headers;
  message.envelope_id = envelope_.envelope_id;
  message.delivered_to = scan_.delivered_to();
  for (std::size_t i = 0; i < envelope_.recipients.size(); ++i) {
    queue::Job job{.recipient = envelope_.recipients[i], .next_attempt = opened_};
    if (i < envelope_.options.size()) {
      job.notify = envelope_.options[i].notify;
      job.original = envelope_.options[i].original_recipient;
    }
    message.jobs.push_back(std::move(job));
  }
}

Task<Finished> BlobDraft::finish(rt::Instant deadline) {
  static_cast<void>(deadline);  // once begun it is not cut short: half a commit answers nobody
  scan_.finish();
  if (!refused_ && scan_.received_count() > kReceivedFieldsMax)
    give_up(What::too_many_hops, kTooManyHops);
  if (refused_) co_return turn_away();

  queue::Message message;
  message.id = id_;
  message.sender = envelope_.sender;
  message.octets = octets_;
  message.added = added_fields();
  message.message_id = scan_.has_message_id()
                           ? std::string(scan_.message_id())
                           : fmt::format("{}@{}", to_string(id_), house_.options().hostname);
  if (!scan_.has_message_id() && envelope_.client.role != smtp::Role::submission)
    message.message_id.clear();
  message.peer = peer_of(envelope_.client);
  message.accepted = opened_;
  fill_envelope(message);

  message.blob = blob_->id();
  auto sealed = co_await blob_->seal(queue::MailQueue::holder(id_));
  if (!sealed) {
    give_up(sealed.error());
    co_return turn_away();
  }
  std::vector<Event> events = acceptance(message);
  reserved_ = false;  // from here on the queue answers for the id
  auto accepted = co_await house_.services().queue.accept(std::move(message), std::move(events));
  if (!accepted) {
    give_up(accepted.error());
    co_return turn_away();
  }
  co_return Finished{.what = What::accepted, .queue_id = to_string(id_)};
}

}  // namespace

std::unique_ptr<Intake> make_intake(Services services, Options options) {
  return std::make_unique<House>(std::move(services), std::move(options));
}

}  // namespace ph::intake
