#include "feedback/asker.h"

#include <string_view>
#include <utility>

#include "feedback/shares.h"

namespace ph::feedback {

/// A call that waits. Owned by it and by its questions, which go on when it is stopped.
struct Asker::Wait {
  std::optional<rt::Resume<std::optional<net::Answers>>> waiter;

  void end(std::optional<net::Answers> answers) {
    auto resume = std::exchange(waiter, std::nullopt);
    if (resume) (*resume)(std::move(answers));
  }
  static Task<void> ask(rt::Resolver& resolver,  // NOLINT: outlives the questions
                        Questions questions, rt::Instant deadline, std::shared_ptr<Wait> wait) {
    net::Answers answers = co_await net::ask_all(resolver, std::move(questions), deadline);
    wait->end(std::move(answers));
  }
};

void Asker::begin() {
  silences_ = 0;
  silent_.clear();
}

void Asker::stop() {
  stopped_ = true;
  for (const auto& wait : waits_) wait->end(std::nullopt);
}

/// Whose answer is missing: "author.test._report._dmarc.HOST".
std::string Asker::asked_one(const dns::Question& question) const {
  constexpr std::string_view kBetween = "._report._dmarc.";
  const std::string_view name = question.name;
  const auto at = name.rfind(kBetween);
  return organization_of(suffixes_,
                         at == std::string_view::npos ? name : name.substr(at + kBetween.size()));
}

bool Asker::is_silent(const dns::Question& question) {
  if (silent_.empty() || resolver_.remembered(question)) return false;
  const auto found = silent_.find(asked_one(question));
  return found != silent_.end() && found->second >= kSilencesMax;
}

void Asker::note_silence(const dns::Question& question) {
  ++silences_;
  std::string whose = asked_one(question);
  if (silent_.contains(whose) || silent_.size() < kSilentOrganizationsMax)
    ++silent_[std::move(whose)];
}

Task<Result<net::Answers>> Asker::ask(Questions questions, rt::Instant deadline) {
  if (stopped_) co_return fail(Kind::cancelled, "nobody is asked any more");
  const rt::Executor executor = co_await boost::asio::this_coro::executor;
  const auto wait = std::make_shared<Wait>();
  waits_.insert(wait);
  std::optional<net::Answers> answers = co_await rt::suspend<std::optional<net::Answers>>(
      [&resolver = resolver_, executor, wait, questions = std::move(questions),
       deadline](rt::Resume<std::optional<net::Answers>> resume) mutable {
        wait->waiter.emplace(std::move(resume));
        rt::spawn(executor, Wait::ask(resolver, std::move(questions), deadline, wait));
      });
  waits_.erase(wait);
  if (!answers) co_return fail(Kind::cancelled, "nobody is asked any more");
  co_return *std::move(answers);
}

Task<Result<std::vector<mailauth::DmarcDestination>>> Asker::destinations(
    std::string domain, std::vector<std::string> uris) {
  mailauth::Lookups lookups;
  const mailauth::DmarcDestinations check(std::move(domain), std::move(uris), suffixes_);
  const bool patient = silences_ < kPatientSilencesMax;
  const rt::Instant deadline =
      world_.clock.now() + (patient ? kDestinationsTime : kDestinationsTimeShort);
  for (;;) {
    auto found = check.run(lookups);
    if (found) co_return *std::move(found);
    Questions questions;
    for (dns::Question& question : lookups.take_questions()) {
      if (is_silent(question)) {
        lookups.answer(question, {.status = dns::Status::timed_out});
      } else {
        questions.push_back(std::move(question));
      }
    }
    if (questions.empty()) continue;
    const rt::Instant begun = world_.clock.now();
    PH_CO_TRY(const net::Answers answers, co_await ask(std::move(questions), deadline));
    // Also one whose servers cannot be reached, which the resolver takes its time to find out.
    const bool took_long = world_.clock.now() - begun >= kDestinationsTimeShort;
    for (const auto& [question, answer] : answers) {
      if (took_long && !dns::is_definite(answer.status)) note_silence(question);
      lookups.answer(question, answer);
    }
  }
}

}  // namespace ph::feedback
