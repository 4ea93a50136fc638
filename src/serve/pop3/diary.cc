#include "serve/pop3/diary.h"

#include <fmt/format.h>

#include <algorithm>

#include "serve/pop3/serve.h"
#include "wire/pop3/session.h"

namespace ph::serve {

Diary::Diary(journal::Journal& journal, rt::Clock& clock, std::string peer_ip, std::string listener)
    : journal_(journal),
      clock_(clock),
      peer_ip_(std::move(peer_ip)),
      listener_(std::move(listener)),
      began_(clock.now()) {}

void Diary::note(Stage stage, Outcome outcome, std::string why, std::string queue_id) {
  Event event;
  event.at = clock_.wall();
  event.stage = stage;
  event.outcome = outcome;
  event.queue_id = std::move(queue_id);
  event.recipient = address_;
  event.peer = peer_ip_;
  event.why = std::move(why);
  journal_.note(std::move(event));
}

std::string Diary::queue_id(std::uint32_t uid) const {
  const auto found =
      std::ranges::lower_bound(queue_ids_, uid, {}, &decltype(queue_ids_)::value_type::first);
  return found != queue_ids_.end() && found->first == uid ? found->second : std::string();
}

void Diary::logged_in(std::string address, std::string_view mechanism) {
  address_ = std::move(address);
  note(Stage::authenticate, Outcome::done,
       fmt::format("{} login with {}{}{}", listener_, mechanism,
                   tls_version_.empty() ? " without TLS" : " under ", tls_version_));
}

void Diary::not_logged_in(Outcome outcome, std::string why) {
  note(Stage::authenticate, outcome, fmt::format("{} login refused: {}", listener_, why));
}

void Diary::maildrop(const std::vector<mailbox::MessageInfo>& messages) {
  const std::size_t count = std::min(messages.size(), pop3::kMaildropMessagesMax);
  queue_ids_.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    queue_ids_.emplace_back(messages[i].uid.value, messages[i].queue_id);
}

void Diary::maildrop_refused(std::string why) {
  note(Stage::access, Outcome::deferred, fmt::format("{} session: {}", listener_, why));
  address_.clear();  // the machine is back at the login
}

void Diary::retrieved(std::uint32_t uid) {
  if (++retrieved_ > kPop3MessageNotesMax) return;
  if (std::string id = queue_id(uid); !id.empty())
    note(Stage::access, Outcome::done, fmt::format("retrieved over {}", listener_), std::move(id));
}

void Diary::unreadable(std::uint32_t uid, const Error& error) {
  note(Stage::access, Outcome::failed,
       fmt::format("cannot be read: {}: {}", to_string(error.kind), error.what), queue_id(uid));
}

void Diary::deleted(const std::vector<std::uint32_t>& uids) {
  for (const std::uint32_t uid : uids) {
    if (++deleted_ > kPop3MessageNotesMax) continue;
    if (std::string id = queue_id(uid); !id.empty())
      note(Stage::access, Outcome::done, fmt::format("deleted over {}", listener_), std::move(id));
  }
}

void Diary::not_deleted(const std::vector<std::uint32_t>& uids, const Error& error) {
  note(Stage::access, Outcome::failed,
       fmt::format("{} message(s) could not be deleted at QUIT: {}: {}", uids.size(),
                   to_string(error.kind), error.what));
}

void Diary::end(std::string_view how) {
  const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began_);
  if (address_.empty())
    note(Stage::connect, Outcome::note,
         fmt::format("{} session {} without login after {} ms", listener_, how, lasted.count()));
  else
    note(Stage::access, Outcome::note,
         fmt::format("{} session {}: {} message(s) retrieved, {} deleted, {} ms", listener_, how,
                     retrieved_, deleted_, lasted.count()));
}

}  // namespace ph::serve
