#include "intake/intake.h"

#include <fmt/format.h>

#include <algorithm>

#include "intake/kept_header.h"
#include "intake/signing.h"
#include "message/date.h"
#include "message/header_scan.h"
#include "message/received.h"

namespace ph::intake {
namespace {

using What = Finished::What;

constexpr char kTooManyHops[] = "the message has been through more than 100 servers: a loop";

class House;

class BlobDraft final : public Draft {
 public:
  BlobDraft(House& house, smtp::Envelope envelope, queue::QueueId id, Budget::Share share,
            std::unique_ptr<store::BlobWriter> blob, Wall opened,
            std::shared_ptr<policy::SenderCheck> check);
  ~BlobDraft() override;
  Task<void> write(std::string octets, rt::Instant deadline) override;
  void refuse(std::string why) override;
  Task<Finished> finish(rt::Instant deadline) override;

 private:
  std::string completed_fields();
  std::string received_field() const;
  std::string keep_header(std::string octets);
  void look_below_mbox();
  std::string release_header();
  Task<Result<std::string>> proofs(std::string completed, std::string received);
  Task<bool> judged();
  std::vector<Event> acceptance(const queue::Message& message) const;
  void look_for_eight_bit(std::string_view octets);
  void fill_envelope(queue::Message& message) const;
  void give_up(What what, std::string why);
  void give_up(const Error& error);
  Finished turn_away();
  void note(Outcome outcome) const;
  void count() const;

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

  // Of mail that is checked or signed.
  std::shared_ptr<policy::SenderCheck> check_;  // none: from one of us, or nothing is checked
  std::unique_ptr<Signing> signing_;            // of mail that leaves as ours, or goes on
  bool from_stranger_ = false;
  bool keeps_header_ = false;  // it is not whole yet
  bool mbox_ = false;          // lines of mbox stand on top, or may: where they end is not known
  std::uint64_t mbox_octets_ = 0;  // that they have
  std::string header_;
  std::string changes_;            // to the header, for people
  std::int64_t grown_octets_ = 0;  // by which what is kept is longer: forged fields make it shorter
  std::optional<policy::SenderVerdict> verdict_;
  std::string reply_;
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
    std::shared_ptr<policy::SenderCheck> check;
    if (services_.checks != nullptr) {
      const rt::Executor executor = co_await boost::asio::this_coro::executor;
      check = services_.checks->begin(executor, envelope.client, envelope.sender);
    }
    co_return std::unique_ptr<Draft>(std::make_unique<BlobDraft>(
        *this, std::move(envelope), id, std::move(share), std::move(blob),
        services_.world.clock.wall(), std::move(check)));
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
                     std::unique_ptr<store::BlobWriter> blob, Wall opened,
                     std::shared_ptr<policy::SenderCheck> check)
    : house_(house),
      envelope_(std::move(envelope)),
      id_(id),
      share_(std::move(share)),
      blob_(std::move(blob)),
      opened_(opened),
      check_(std::move(check)) {
  const Services& services = house_.services();
  if (services.keys != nullptr && services.directory != nullptr)
    signing_ = make_signing(*services.keys, *services.directory, services.world, envelope_,
                            check_ != nullptr);
  // With checks off nobody shall find there what a stranger wrote in our name.
  from_stranger_ = services.checks != nullptr && services.checks->is_stranger(envelope_.client);
  keeps_header_ = check_ || signing_ || from_stranger_;
}

BlobDraft::~BlobDraft() {
  if (reserved_) house_.services().queue.abandon(id_);
}

Task<void> BlobDraft::write(std::string octets, rt::Instant deadline) {
  static_cast<void>(deadline);  // the store has its own
  if (refused_) co_return;
  // As with checks and signatures, its first lines are looked at once they are all there.
  if (octets_ == 0) {
    mbox_ = may_be_mbox_line(octets);
    keeps_header_ = keeps_header_ || mbox_;
  }
  octets_ += octets.size();
  if (octets_ > house_.options().message_octets_max)
    co_return give_up(What::too_big, fmt::format("the message is over the limit of {} octets",
                                                 house_.options().message_octets_max));
  // The writer holds back up to one chunk: that much of the budget is ours before it is used.
  const std::uint64_t wanted = std::min(octets_, kDraftOctetsBufferedMax);
  if (wanted > share_.octets() && !share_.grow(wanted - share_.octets()))
    co_return give_up(What::no_space, "the memory budget for messages under way is used up");
  look_for_eight_bit(octets);
  if (!scan_.complete() && !mbox_) scan_.feed(octets);
  if (scan_.received_count() > kReceivedFieldsMax)
    co_return give_up(What::too_many_hops, kTooManyHops);
  if (keeps_header_) {
    octets = keep_header(std::move(octets));
    if (refused_ || octets.empty()) co_return;
  } else if (check_) {
    check_->on_body(octets);
  } else if (signing_) {
    signing_->bodies().update(octets);
  }
  auto written = co_await blob_->write(std::move(octets));
  if (!written) give_up(std::move(written).error());
}

/// Collects the header. Once it is whole: what is to be stored of what came so far.
std::string BlobDraft::keep_header(std::string octets) {
  header_ = header_.empty() ? std::move(octets) : header_ + octets;
  // A whole line is there that is none of mbox.
  if (mbox_ && header_.find('\n', message::mbox_octets(header_)) != header_.npos) look_below_mbox();
  const bool whole = !mbox_ && scan_.complete();
  if (header_.size() > kKeptHeaderOctetsMax &&
      (!whole || body_offset(header_) > kKeptHeaderOctetsMax)) {
    give_up(What::too_big,
            fmt::format("the header is over the limit of {} octets", kKeptHeaderOctetsMax));
    return {};
  }
  return whole ? release_header() : std::string();
}

/// Lines of mbox would end the header for the scan.
void BlobDraft::look_below_mbox() {
  mbox_ = false;
  mbox_octets_ = message::mbox_octets(header_);
  scan_.feed(std::string_view(header_).substr(mbox_octets_));
}

std::string BlobDraft::release_header() {
  keeps_header_ = false;
  std::string whole = std::exchange(header_, {});
  const std::size_t body = body_offset(whole);
  const std::string_view header = std::string_view(whole).substr(0, body);
  const std::string_view rest = std::string_view(whole).substr(body);
  mailauth::BodyDigests* bodies = nullptr;
  if (check_) {
    check_->on_header(header);
    bodies = &check_->bodies();
  }
  if (signing_) signing_->want(bodies);
  if (check_) {
    check_->on_body(rest);
  } else if (signing_) {
    signing_->bodies().update(rest);
  }
  KeptHeader kept = kept_header(header, !rest.empty(), house_.options().hostname);
  if (from_stranger_ && !kept.whole) {
    reply_ = fmt::format("The header has more than {} fields, which nobody reads; send fewer",
                         message::kHeaderFieldsMax);
    give_up(What::unproven, reply_ + ": the last ones could claim to be ours");
    return {};
  }
  header_ = std::move(kept.octets);
  changes_ = std::move(kept.changes);
  if (changes_.empty()) return whole;
  grown_octets_ = static_cast<std::int64_t>(header_.size()) - static_cast<std::int64_t>(body);
  return header_ + std::string(rest);
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
  const bool later =
      refused_ == What::no_space || refused_ == What::temporary || refused_ == What::unprovable;
  note(later ? Outcome::deferred : Outcome::refused);
  if (refused_ == What::unproven) count();
  return {.what = *refused_, .reply = reply_};
}

/// For the report to the author's domain: what is asked for again later is counted then.
void BlobDraft::count() const {
  const auto& services = house_.services();
  if (services.count && verdict_ && verdict_->finding) services.count(*verdict_->finding);
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

std::string BlobDraft::received_field() const {
  const smtp::Client& client = envelope_.client;
  return message::received_field({
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
}

/// RFC 6409 §8.1, §8.2: a submission server completes what a message must have. What stands last
/// is right above the message.
std::string BlobDraft::completed_fields() {
  std::string added;
  if (envelope_.client.role == smtp::Role::submission) {
    if (!scan_.has_date()) added += "Date: " + message::format_date(opened_) + "\r\n";
    if (!scan_.has_message_id())
      added += fmt::format("Message-ID: <{}@{}>\r\n", to_string(id_), house_.options().hostname);
  }
  if (scan_.begins_folded()) added += fmt::format("{}:\r\n", kFirstLineField);
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
  if (!changes_.empty())
    events.push_back({.at = message.accepted,
                      .stage = Stage::content,
                      .outcome = Outcome::note,
                      .queue_id = to_string(message.id),
                      .why = changes_});
  if (verdict_) {
    const bool apart = verdict_->what == policy::SenderVerdict::What::quarantine;
    events.push_back({.at = message.accepted,
                      .stage = Stage::content,
                      .outcome = Outcome::note,
                      .queue_id = to_string(message.id),
                      .why = (apart ? "marked as junk: " : "") + verdict_->why});
  }
  return events;
}

/// What another server must be told on the way on.
void BlobDraft::fill_envelope(queue::Message& message) const {
  message.eight_bit = envelope_.body == smtp::Body::eight_bit_mime || eight_bit_at_;
  message.eight_bit_header = eight_bit_at_ && *eight_bit_at_ < mbox_octets_ + scan_.header_octets();
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

/// false: the message is turned away.
Task<bool> BlobDraft::judged() {
  if (keeps_header_) {
    std::string octets = release_header();
    auto written = octets.empty() ? Result<Done>(Done{}) : co_await blob_->write(std::move(octets));
    if (!written) {
      give_up(written.error());
      co_return false;
    }
  }
  if (refused_) co_return false;
  if (!check_) co_return true;
  verdict_ = co_await check_->verdict();
  using Means = policy::SenderVerdict::What;
  if (verdict_->what != Means::reject && verdict_->what != Means::later) co_return true;
  give_up(verdict_->what == Means::reject ? What::unproven : What::unprovable, verdict_->why);
  reply_ = verdict_->reply;
  co_return false;
}

/// The fields that say who sent it, above all others: found by us, or signed by us.
Task<Result<std::string>> BlobDraft::proofs(std::string completed, std::string received) {
  std::string found;
  if (verdict_) {
    const auto& facts = verdict_->facts;
    if (verdict_->what == policy::SenderVerdict::What::quarantine)
      found += fmt::format("{}: junk; dmarc=fail header.from={}\r\n", kVerdictField,
                           facts.dmarc->author_domain);
    found += mailauth::authentication_results_field(facts);
    found += mailauth::received_spf_field(*facts.spf, facts);
  }
  if (!signing_) co_return found;
  const mailauth::AuthenticationFacts* facts = verdict_ ? &verdict_->facts : nullptr;
  auto sealed = co_await signing_->fields(found + received + completed + header_, opened_, facts);
  if (!sealed) co_return std::unexpected(std::move(sealed).error());
  co_return *std::move(sealed) + found;
}

Task<Finished> BlobDraft::finish(rt::Instant deadline) {
  static_cast<void>(deadline);  // once begun it is not cut short: half a commit answers nobody
  if (mbox_) look_below_mbox();
  scan_.finish();
  if (!refused_ && scan_.received_count() > kReceivedFieldsMax)
    give_up(What::too_many_hops, kTooManyHops);
  if (!refused_) {
    [[maybe_unused]] const bool taken = co_await judged();
  }
  if (refused_) co_return turn_away();

  const std::string completed = completed_fields();
  const std::string received = received_field();
  auto proven = co_await proofs(completed, received);
  if (!proven) {
    give_up(proven.error());
    co_return turn_away();
  }
  queue::Message message;
  message.id = id_;
  message.sender = envelope_.sender;
  message.octets = octets_ + static_cast<std::uint64_t>(grown_octets_);
  message.added = *std::move(proven) + received + completed;
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
  count();
  co_return Finished{.what = What::accepted, .queue_id = to_string(id_)};
}

}  // namespace

std::unique_ptr<Intake> make_intake(Services services, Options options) {
  return std::make_unique<House>(std::move(services), std::move(options));
}

}  // namespace ph::intake
