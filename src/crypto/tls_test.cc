#include "crypto/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/certificate.h"
#include "crypto/tls_context.h"

namespace ph::crypto {
namespace {

constexpr std::int64_t kNowS = 1767225600;  // 2026-01-01
const std::string kHost = "mail.example.test";

SelfSigned make(const std::vector<std::string>& names = {kHost, "127.0.0.1", "::1"}) {
  return *make_self_signed(names, kNowS);
}

/// One certificate for all tests that do not care.
const SelfSigned& certificate() {
  static const SelfSigned made = make();
  return made;
}

std::shared_ptr<const TlsContext> server_context() {
  static const auto context =
      *TlsContext::server(certificate().certificate_pem, certificate().key_pem);
  return context;
}

struct Pair {
  std::unique_ptr<TlsMachine> client, server;
};

Pair new_pair(std::string_view host = kHost, bool verify = false) {
  const auto trusted = verify ? certificate().certificate_pem : "";
  return {TlsMachine::client(*TlsContext::client(verify, trusted), host),
          TlsMachine::server(server_context())};
}

/// Carries a flight over, cut in two at `cut`; calls `on_part` after each part.
template <class OnPart>
void carry(TlsMachine& from, TlsMachine& to, std::size_t cut, OnPart on_part) {
  const std::string flight = from.take_output();
  const std::size_t first = std::min(cut, flight.size());
  for (const auto part : {std::span(flight).first(first), std::span(flight).subspan(first)}) {
    if (part.empty()) continue;
    to.feed(part);
    on_part();
  }
}

/// Both sides' outcome. `cut`: where each flight is cut in two.
std::pair<Result<bool>, Result<bool>> shake_hands(Pair& pair, std::size_t cut = 0) {
  Result<bool> client = pair.client->handshake(), server = false;
  for (int flight = 0; flight < 8 && (!client || !*client || !server || !*server); ++flight) {
    carry(*pair.client, *pair.server, cut, [&] {
      if (server && !*server) server = pair.server->handshake();
    });
    carry(*pair.server, *pair.client, cut, [&] {
      if (client && !*client) client = pair.client->handshake();
    });
  }
  return {std::move(client), std::move(server)};
}

void expect_connected(Pair& pair, std::size_t cut = 0) {
  const auto [client, server] = shake_hands(pair, cut);
  ASSERT_TRUE(client && *client && server && *server);
}

/// What `to` reads of what `from` has to send.
std::string deliver(TlsMachine& from, TlsMachine& to) {
  std::string out;
  carry(from, to, 1000, [&] { EXPECT_TRUE(to.read(out)); });
  return out;
}

TEST(Tls, CarriesOctetsBothWays) {
  auto pair = new_pair();
  expect_connected(pair);
  EXPECT_EQ(pair.server->info().version, "TLSv1.3");
  EXPECT_EQ(pair.server->info().cipher, pair.client->info().cipher);
  ASSERT_TRUE(pair.client->write(std::string_view("EHLO a\r\n")));
  EXPECT_EQ(deliver(*pair.client, *pair.server), "EHLO a\r\n");
  ASSERT_TRUE(pair.server->write(std::string_view("250 b\r\n")));
  EXPECT_EQ(deliver(*pair.server, *pair.client), "250 b\r\n");
  EXPECT_EQ(pair.server->take_output(), "");
}

// The network picks the cut: every flight of the handshake cut in two, everywhere.
TEST(Tls, ShakesHandsForEverySplit) {
  for (std::size_t cut = 0; cut < 1500; cut += cut < 64 ? 1 : 17) {
    SCOPED_TRACE(cut);
    auto pair = new_pair();
    expect_connected(pair, cut);
    ASSERT_TRUE(pair.client->write(std::string_view("octets")));
    EXPECT_EQ(deliver(*pair.client, *pair.server), "octets");
  }
}

TEST(Tls, ReadsWhatCameInTheSameFlightAsTheHandshake) {
  auto pair = new_pair();
  ASSERT_FALSE(*pair.client->handshake());
  pair.server->feed(pair.client->take_output());
  ASSERT_FALSE(*pair.server->handshake());
  pair.client->feed(pair.server->take_output());
  ASSERT_TRUE(*pair.client->handshake());
  ASSERT_TRUE(pair.client->write(std::string_view("early")));
  pair.server->feed(pair.client->take_output());
  ASSERT_TRUE(*pair.server->handshake());
  std::string got;
  EXPECT_EQ(pair.server->read(got), 5U);
  EXPECT_EQ(got, "early");
  EXPECT_EQ(pair.server->read(got), 0U);
}

TEST(Tls, CarriesLargeData) {
  auto pair = new_pair();
  expect_connected(pair);
  std::string sent;
  for (std::size_t i = 0; i < 5'000'000; ++i) sent.push_back(static_cast<char>(i * 31 % 253));
  ASSERT_TRUE(pair.client->write(sent));
  EXPECT_EQ(deliver(*pair.client, *pair.server), sent);
}

TEST(Tls, SaysThatThePeerClosedAfterWhatItSent) {
  auto pair = new_pair();
  expect_connected(pair);
  ASSERT_TRUE(pair.client->write(std::string_view("bye")));
  pair.client->close();
  pair.server->feed(pair.client->take_output());
  std::string got;
  EXPECT_EQ(pair.server->read(got), 3U);
  EXPECT_EQ(pair.server->read(got).error().kind, Kind::cancelled);
  EXPECT_EQ(got, "bye");
}

TEST(Tls, RefusesGarbageInTheHandshake) {
  auto pair = new_pair();
  pair.server->feed(std::string_view("EHLO this is not TLS at all\r\n"));
  EXPECT_EQ(pair.server->handshake().error().kind, Kind::refused);
  EXPECT_EQ(pair.server->handshake().error().kind, Kind::refused);
  pair.server->close();  // must not hurt
}

// One octet changed anywhere in a record: malformed, never other plaintext.
TEST(Tls, RefusesABrokenRecord) {
  for (const std::size_t at : {0U, 1U, 5U, 10U, 20U}) {
    SCOPED_TRACE(at);
    auto pair = new_pair();
    expect_connected(pair);
    ASSERT_TRUE(pair.client->write(std::string_view("octets")));
    std::string flight = pair.client->take_output();
    flight[at] ^= 0x20;
    pair.server->feed(flight);
    std::string got;
    EXPECT_EQ(pair.server->read(got).error().kind, Kind::malformed);
    EXPECT_EQ(got, "");
    EXPECT_FALSE(pair.server->write(std::string_view("x")));
  }
}

TEST(Tls, RefusesVersionsBelow12) {
  auto old = std::make_shared<OpensslContext>();
  old->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(old->context.get(), 0);
  SSL_CTX_set_cipher_list(old->context.get(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(old->context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old->context.get(), TLS1_1_VERSION);
  Pair pair{TlsMachine::client(old, kHost), TlsMachine::server(server_context())};
  const auto [client, server] = shake_hands(pair);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().kind, Kind::refused);
  EXPECT_THAT(server.error().detail, ::testing::HasSubstr("unsupported protocol"));
  EXPECT_FALSE(client);
}

TEST(Tls, SpeaksVersion12) {
  auto old = std::make_shared<OpensslContext>();
  old->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_max_proto_version(old->context.get(), TLS1_2_VERSION);
  Pair pair{TlsMachine::client(old, kHost), TlsMachine::server(server_context())};
  expect_connected(pair);
  EXPECT_EQ(pair.server->info().version, "TLSv1.2");
  ASSERT_TRUE(pair.client->write(std::string_view("octets")));
  EXPECT_EQ(deliver(*pair.client, *pair.server), "octets");
}

// The peer vanishes without close_notify; its session must still be good for the next connection.
TEST(Tls, ResumesASessionOfAConnectionThatBroke) {
  auto context = std::make_shared<OpensslContext>();
  context->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_session_cache_mode(context->context.get(), SSL_SESS_CACHE_CLIENT);
  static SSL_SESSION* kept = nullptr;
  SSL_CTX_sess_set_new_cb(context->context.get(), [](SSL*, SSL_SESSION* session) {
    kept = session;
    return 1;
  });
  {
    Pair pair{TlsMachine::client(context, kHost), TlsMachine::server(server_context())};
    expect_connected(pair);
    std::string nothing;
    ASSERT_EQ(pair.client->read(nothing), 0U);  // takes the ticket in
  }
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(SSL_SESSION_is_resumable(kept), 1);
  SSL_SESSION_free(kept);
}

TEST(Tls, VerifiesTheHostWhenAsked) {
  for (const char* host : {"mail.example.test", "MAIL.example.test", "127.0.0.1", "::1"}) {
    SCOPED_TRACE(host);
    auto pair = new_pair(host, true);
    expect_connected(pair);
  }
  for (const char* host : {"example.test", "x.mail.example.test", "127.0.0.2", ""}) {
    SCOPED_TRACE(host);
    auto pair = new_pair(host, true);
    const auto [client, server] = shake_hands(pair);
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().kind, Kind::refused);
  }
}

TEST(Tls, DoesNotBelieveAStranger) {
  const SelfSigned other = make();
  Pair pair{TlsMachine::client(*TlsContext::client(true, other.certificate_pem), kHost),
            TlsMachine::server(server_context())};
  const auto [client, server] = shake_hands(pair);
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().detail, ::testing::HasSubstr("self-signed"));
  EXPECT_FALSE(server && *server);  // the alert has come
}

TEST(TlsContext, SaysWhatIsWrongWithItsFiles) {
  const auto& good = certificate();
  const auto kind = [](std::string_view pem, std::string_view key) {
    return TlsContext::server(pem, key).error().kind;
  };
  EXPECT_EQ(kind(good.certificate_pem, make().key_pem), Kind::refused);
  EXPECT_EQ(kind("", good.key_pem), Kind::malformed);
  EXPECT_EQ(kind(good.certificate_pem, ""), Kind::malformed);
  EXPECT_EQ(kind(good.key_pem, good.certificate_pem), Kind::malformed);
  EXPECT_EQ(kind(good.certificate_pem.substr(0, 200), good.key_pem), Kind::malformed);
  EXPECT_EQ(TlsContext::client(true, "nonsense").error().kind, Kind::malformed);
}

TEST(Certificate, IsReadBack) {
  const auto facts = *read_certificate(certificate().certificate_pem);
  EXPECT_EQ(facts.subject, "CN=mail.example.test");
  EXPECT_EQ(facts.issuer, facts.subject);
  EXPECT_THAT(facts.names, ::testing::ElementsAre(kHost, "127.0.0.1", "0:0:0:0:0:0:0:1"));
  EXPECT_LE(facts.not_before_unix_s, kNowS);
  EXPECT_EQ(facts.not_after_unix_s, kNowS + 3650LL * 86400);
  EXPECT_TRUE(check_key_matches(certificate().certificate_pem, certificate().key_pem));
  EXPECT_EQ(check_key_matches(certificate().certificate_pem, make().key_pem).error().kind,
            Kind::refused);
  EXPECT_EQ(read_certificate("no").error().kind, Kind::malformed);
}

TEST(Certificate, IsNotMadeForStrangeNames) {
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{}, {""}, {"a,DNS:b"}, {"a b"}, {std::string("a\0b", 3)}})
    EXPECT_FALSE(make_self_signed(names, kNowS));
}

}  // namespace
}  // namespace ph::crypto
