#include "policy/sender_checks.h"

#include <algorithm>
#include <utility>

#include "net/ask_all.h"

namespace ph::policy {

bool SenderChecks::is_stranger(const smtp::Client& client) const {
  if (!client.account.empty() || client.role != smtp::Role::mx) return false;
  const auto ip = rt::parse_ip(client.ip);
  if (!ip || ip->is_loopback()) return false;
  return std::ranges::none_of(house_->options.trusted_networks,
                              [&](const rt::Network& network) { return network.contains(*ip); });
}

std::shared_ptr<SenderCheck> SenderChecks::begin(rt::Executor executor, const smtp::Client& client,
                                                 const message::Address& sender) const {
  if (house_->options.mode == Authentication::off || !is_stranger(client)) return nullptr;
  auto check = std::make_shared<SenderCheck>(*this, executor, client, sender);
  check->begun();
  rt::spawn(std::move(executor), SenderCheck::look_at_client(check));
  return check;
}

SenderCheck::SenderCheck(const SenderChecks& from, rt::Executor executor,
                         const smtp::Client& client, const message::Address& sender)
    : house_(from.house_),
      executor_(std::move(executor)),
      deadline_(house_->world.clock.now() + kSenderCheckTime),
      now_(house_->world.clock.wall()),
      ip_(client.ip),
      helo_(client.helo),
      sender_(sender.null() ? std::string() : message::to_string(sender)),
      spf_check_({.ip = ip_,
                  .helo = helo_,
                  .sender = sender_,
                  .receiver = house_->options.hostname,
                  .now = now_}),
      sample_(static_cast<unsigned>(house_->world.random.below(100))) {
  if (sender_.empty()) return;
  helo_check_.emplace(mailauth::SpfQuery{
      .ip = ip_, .helo = helo_, .sender = "", .receiver = house_->options.hostname, .now = now_});
}

bool SenderCheck::advance_client() {
  if (!spf_) spf_ = spf_check_.run(client_lookups_);
  if (helo_check_ && !spf_helo_) spf_helo_ = helo_check_->run(client_lookups_);
  if (!iprev_) iprev_ = mailauth::check_iprev(ip_, client_lookups_);
  return spf_ && iprev_ && (!helo_check_ || spf_helo_);
}

Task<void> SenderCheck::look_at_client(Self self) {
  while (!self->advance_client()) {
    auto questions = self->client_lookups_.take_questions();
    const net::Answers answers =
        co_await net::ask_all(self->house_->resolver, std::move(questions), self->deadline_);
    for (const auto& [question, answer] : answers) self->client_lookups_.answer(question, answer);
  }
  self->ended();
}

/// What will be asked at the end, while the body is on its way: keys, and the authors' policies.
Task<void> SenderCheck::look_at_header(Self self) {
  mailauth::DmarcCheck dmarc(self->dmarc_query(), self->house_->suffixes);
  for (;;) {
    self->dkim_->ask(self->lookups_);
    self->arc_->ask(self->lookups_);
    static_cast<void>(dmarc.run(self->lookups_));
    auto questions = self->lookups_.take_questions();
    if (questions.empty()) break;
    const net::Answers answers =
        co_await net::ask_all(self->house_->resolver, std::move(questions), self->deadline_);
    for (const auto& [question, answer] : answers) self->lookups_.answer(question, answer);
  }
  self->ended();
}

void SenderCheck::ended() {
  if (--looking_ == 0 && waiter_) (*std::exchange(waiter_, std::nullopt))(Done{});
}

mailauth::DmarcQuery SenderCheck::dmarc_query() const {
  return {
      .author_domains = authors_.domains, .author_trouble = authors_.trouble, .sample = sample_};
}

void SenderCheck::on_header(std::string_view octets) {
  const message::Header header = message::parse_header(octets);
  dkim_.emplace(header, bodies_, now_, &house_->keys);
  arc_.emplace(header, bodies_, now_, &house_->keys);
  authors_ = mailauth::authors_of(header);
  is_report_ = mailauth::is_dmarc_report_subject(header.text("Subject").value_or(""));
  begun();
  rt::spawn(executor_, look_at_header(shared_from_this()));
}

Task<SenderVerdict> SenderCheck::verdict() {
  const Self self = shared_from_this();
  self->bodies_.finish();
  if (self->looking_ > 0) {
    SenderCheck& waiting = *self;
    [[maybe_unused]] const Done done = co_await rt::suspend<Done>(
        [&waiting](rt::Resume<Done> waiter) { waiting.waiter_.emplace(std::move(waiter)); });
  }
  mailauth::AuthenticationFacts facts{.authserv_id = self->house_->options.hostname,
                                      .ip = self->ip_,
                                      .helo = self->helo_,
                                      .sender = self->sender_,
                                      .iprev = self->iprev_,
                                      .spf = self->spf_};
  // Most hosts publish nothing for their own name: there is nothing to say then.
  if (self->spf_helo_ && self->spf_helo_->result != mailauth::SpfResult::none)
    facts.spf_helo = self->spf_helo_;
  std::optional<mailauth::DmarcCheck> dmarc;
  while (!facts.dkim || !facts.arc || !facts.dmarc) {
    if (!facts.dkim) facts.dkim = self->dkim_->run(self->lookups_);
    if (!facts.arc) facts.arc = self->arc_->run(self->lookups_);
    if (facts.dkim && !dmarc) {
      mailauth::DmarcQuery query = self->dmarc_query();
      query.spf = self->spf_->result;
      query.spf_domain = self->spf_->domain;
      query.dkim = *facts.dkim;
      dmarc.emplace(std::move(query), self->house_->suffixes);
    }
    if (dmarc && !facts.dmarc) facts.dmarc = dmarc->run(self->lookups_);
    auto questions = self->lookups_.take_questions();
    const net::Answers answers =
        co_await net::ask_all(self->house_->resolver, std::move(questions), self->deadline_);
    for (const auto& [question, answer] : answers) self->lookups_.answer(question, answer);
  }
  co_return judge_sender(std::move(facts), self->house_->options.mode,
                         self->house_->options.trusted, self->is_report_);
}

}  // namespace ph::policy
