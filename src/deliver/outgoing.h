// One connection to another mail server: performs what smtp::ClientSession says.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/connection.h"
#include "queue/message.h"
#include "rt/world.h"
#include "store/store.h"
#include "wire/smtp/client.h"

namespace ph::deliver {

/// For each address of a host; further addresses and hosts come after it.
inline constexpr std::chrono::seconds kConnectMax{30};
inline constexpr std::chrono::seconds kHandshakeMax{60};
/// For what a server said before it stopped taking our octets, of which so many are read.
inline constexpr std::chrono::seconds kLastWordsMax{5};
inline constexpr std::size_t kLastWordsOctetsMax = 64 << 10;
inline constexpr std::size_t kContentPieceOctetsMax = 128 << 10;  // of a body, in memory

/// Where to connect, and how it is named in events.
struct Target {
  rt::Endpoint at;
  std::string host;  // for TLS and people: "mx.b.test"; "" for a bare address
  bool operator==(const Target&) const = default;
};
/// "mx.b.test [192.0.2.1]:25"
std::string to_string(const Target& target);

/// What a letter consists of: the fields that go above it, and the stored message.
struct Content {
  std::string prefix;
  std::string blob;
  std::uint64_t octets = 0;  // of the blob
};

/// Owned by one coroutine; close() may come from another on the same executor.
class Outgoing {
 public:
  /// All references outlive it.
  Outgoing(rt::World& world, store::Store& store,
           std::shared_ptr<const crypto::TlsContext> tls);  // shared: by all connections

  /// Opens the connection; no octet is exchanged yet.
  Task<Result<Done>> dial(Target target, smtp::ClientOptions options);
  bool open() const { return connection_.has_value(); }
  const Target& target() const { return target_; }
  const smtp::ClientOptions& options() const { return options_; }

  /// Hands one letter over, to its end; the report is complete. Not open() afterwards if it cannot
  /// take another.
  Task<smtp::ClientReport> deliver(smtp::Letter letter, Content content);
  /// The message could not be made fit for this server: why; "" otherwise. Of the last deliver().
  const std::string& unfit() const { return unfit_; }
  /// Says QUIT and closes.
  Task<void> quit();
  /// At once; a letter under way ends as if the connection were lost.
  void close();

 private:
  Task<Result<Done>> perform(smtp::ClientSession::Action action, Content content);
  Task<Result<Done>> send_content(Content content, bool seven_bit);
  Task<void> hear_last_words();
  Task<Result<Done>> receive(std::chrono::seconds patience);

  rt::World& world_;
  store::Store& store_;
  std::shared_ptr<const crypto::TlsContext> tls_;  // shared: by all connections
  Target target_;
  smtp::ClientOptions options_;
  std::optional<net::Connection> connection_;
  std::optional<smtp::ClientSession> session_;
  std::string unfit_;
  bool closed_ = false;  // by close()
};

}  // namespace ph::deliver
