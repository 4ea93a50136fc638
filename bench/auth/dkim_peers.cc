// The question: what does a signature cost, made and checked, beside libopendkim, and how much of
// that is OpenSSL's own work? One message of 10 KiB, relaxed/relaxed, keys known without the DNS.
// Needs libopendkim-dev; bench/auth/run.sh builds and runs it.
#define _Bool bool  // a header in C
#include <opendkim/dkim.h>
#include <openssl/evp.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "crypto/signature_key.h"
#include "mailauth/dkim.h"
#include "mailauth/testing/zone.h"

namespace {

using ph::crypto::PrivateKey;
namespace auth = ph::mailauth;

constexpr std::size_t kBodyOctets = 9 * 1024;
constexpr int kTurns = 9;

[[noreturn]] void stop(const char* what) {
  std::fprintf(stderr, "dkim_peers: %s\n", what);
  std::exit(1);
}

std::string message() {
  std::string out =
      "Return-Path: <alice@example.test>\r\n"
      "Received: from mail.example.test (mail.example.test [192.0.2.1])\r\n"
      "\tby mx.example.org (mail) with ESMTPS id 4fXyz;\r\n"
      "\tSat, 21 Nov 2026 10:00:02 +0000\r\n"
      "From: Alice Example <alice@example.test>\r\n"
      "To: Bob <bob@example.org>\r\n"
      "Subject: Minutes of the meeting, and what was decided\r\n"
      "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
      "Message-ID: <20261121100000.4711@example.test>\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 8bit\r\n"
      "\r\n";
  const std::size_t header = out.size();
  constexpr std::string_view kLine =
      "What was said of the third point is written  below, word by word. \r\n";
  while (out.size() < header + kBodyOctets) out += kLine;
  return out;
}

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto of = [](timeval t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return of(use.ru_utime) + of(use.ru_stime);
}

struct Line {
  const char* name;
  std::function<void()> once;
  std::vector<double> micros;  // CPU, a turn each
};

/// In turns, so that a machine that gets slower meanwhile does so for all.
void measure(std::vector<Line>& lines) {
  for (int turn = 0; turn < kTurns; ++turn) {
    for (Line& line : lines) {
      int rounds = 0;
      const double begin = cpu_seconds();
      double spent = 0;
      do {
        for (int i = 0; i < 50; ++i) line.once();
        rounds += 50;
        spent = cpu_seconds() - begin;
      } while (spent < 0.15);
      line.micros.push_back(1e6 * spent / rounds);
    }
  }
  for (Line& line : lines) {
    std::ranges::sort(line.micros);
    std::printf("%-34s %8.1f %8.1f %8.1f\n", line.name, line.micros.front(),
                line.micros[line.micros.size() / 2], line.micros.back());
  }
}

// --- ours ---

std::string sign(const std::string& text, const PrivateKey& key) {
  const auto header = ph::message::parse_header(text);
  auth::BodyDigest body(auth::Canonical::relaxed, ph::crypto::DigestKind::sha256, std::nullopt);
  body.update(std::string_view(text).substr(header.body()));
  auto field = auth::sign_dkim(
      header, {.domain = "example.test", .selector = "one", .signed_at = 1000}, key, body.finish());
  if (!field) stop("we did not sign");
  return *std::move(field);
}

void verify(const std::string& text, auth::testing::Zone& zone) {
  const auto header = ph::message::parse_header(text);
  auth::BodyDigests bodies;
  auth::DkimVerifier verifier(header, bodies, ph::Wall(std::chrono::seconds(1001)));
  bodies.update(std::string_view(text).substr(header.body()));
  bodies.finish();
  const auto outcomes = zone.run(verifier);
  if (outcomes.size() != 1 || outcomes[0].result != auth::DkimResult::pass)
    stop("we did not verify");
}

// --- libopendkim ---

std::string key_record;

DKIM_CBSTAT look_up(DKIM*, DKIM_SIGINFO*, u_char* to, std::size_t octets) {
  if (key_record.size() >= octets) return DKIM_CBSTAT_ERROR;
  to[key_record.copy(reinterpret_cast<char*>(to), octets - 1)] = '\0';
  return DKIM_CBSTAT_CONTINUE;
}

unsigned char* octets_of(const std::string& text) {
  return reinterpret_cast<unsigned char*>(const_cast<char*>(text.c_str()));  // it only reads them
}

void feed(DKIM* dkim, const std::string& text) {
  if (dkim_chunk(dkim, octets_of(text), text.size()) != DKIM_STAT_OK ||
      dkim_chunk(dkim, nullptr, 0) != DKIM_STAT_OK || dkim_eom(dkim, nullptr) != DKIM_STAT_OK)
    stop("libopendkim says no");
}

std::string their_sign(DKIM_LIB* library, const std::string& text, const std::string& pem) {
  DKIM_STAT status = DKIM_STAT_OK;
  DKIM* dkim = dkim_sign(library, octets_of("id"), nullptr, octets_of(pem), octets_of("one"),
                         octets_of("example.test"), DKIM_CANON_RELAXED, DKIM_CANON_RELAXED,
                         DKIM_SIGN_RSASHA256, -1, &status);
  if (dkim == nullptr) stop("libopendkim does not begin to sign");
  feed(dkim, text);
  unsigned char* field = nullptr;
  std::size_t octets = 0;
  if (dkim_getsighdr_d(dkim, 16, &field, &octets) != DKIM_STAT_OK)
    stop("libopendkim does not sign");
  std::string out =
      "DKIM-Signature: " + std::string(reinterpret_cast<char*>(field), octets) + "\r\n";
  dkim_free(dkim);
  return out;
}

void their_verify(DKIM_LIB* library, const std::string& text) {
  DKIM_STAT status = DKIM_STAT_OK;
  DKIM* dkim = dkim_verify(library, octets_of("id"), nullptr, &status);
  if (dkim == nullptr) stop("libopendkim does not begin to verify");
  feed(dkim, text);
  dkim_free(dkim);
}

}  // namespace

int main() {
  const auto rsa = PrivateKey::generate(ph::crypto::KeyKind::rsa, 2048);
  const auto ed25519 = PrivateKey::generate(ph::crypto::KeyKind::ed25519);
  if (!rsa || !ed25519) stop("no keys");
  const std::string text = message();
  const std::string by_rsa = sign(text, *rsa) + text, by_ed25519 = sign(text, *ed25519) + text;
  auth::testing::Zone zone, ed25519_zone;
  key_record = auth::format_dkim_record(*rsa);
  zone.txt("one._domainkey.example.test", {key_record});
  ed25519_zone.txt("one._domainkey.example.test", {auth::format_dkim_record(*ed25519)});

  DKIM_LIB* library = dkim_init(nullptr, nullptr);
  if (library == nullptr || dkim_set_key_lookup(library, look_up) != DKIM_STAT_OK)
    stop("no libopendkim");
  const std::string pem = rsa->pem();
  verify(their_sign(library, text, pem) + text, zone);  // each takes the other's before it is timed
  their_verify(library, by_rsa);

  // What no verifier can do without: two digests, the key decoded, one public key operation.
  const std::string der = rsa->public_octets();
  const std::string digest(32, 'd'), signature = rsa->sign(digest).value();
  const auto hash = [&text] {
    ph::crypto::Digest sha(ph::crypto::DigestKind::sha256);
    sha.update(text);
    if (sha.finish().size() != 32) stop("no digest");
  };
  std::vector<Line> lines;
  lines.push_back({"verify, RSA-2048, posthouse", [&] { verify(by_rsa, zone); }, {}});
  lines.push_back({"verify, RSA-2048, libopendkim", [&] { their_verify(library, by_rsa); }, {}});
  lines.push_back({"  OpenSSL: SHA-256 of 10 KiB", hash, {}});
  lines.push_back({"  OpenSSL: the key from its DER",
                   [&] {
                     if (!ph::crypto::PublicKey::rsa(der)) stop("no key");
                   },
                   {}});
  lines.push_back({"  OpenSSL: RSA-2048 verify",
                   [key = ph::crypto::PublicKey::rsa(der), &digest, &signature] {
                     if (!key->verify(ph::crypto::DigestKind::sha256, digest, signature))
                       stop("no");
                   },
                   {}});
  lines.push_back({"sign, RSA-2048, posthouse", [&] { sign(text, *rsa); }, {}});
  lines.push_back({"sign, RSA-2048, libopendkim", [&] { their_sign(library, text, pem); }, {}});
  lines.push_back({"  OpenSSL: RSA-2048 sign",
                   [&] {
                     if (!rsa->sign(digest)) stop("no");
                   },
                   {}});
  lines.push_back({"verify, Ed25519, posthouse", [&] { verify(by_ed25519, ed25519_zone); }, {}});
  lines.push_back({"sign, Ed25519, posthouse", [&] { sign(text, *ed25519); }, {}});
  std::printf("%zu octets; CPU microseconds a message: least, median, most of %d turns\n",
              text.size(), kTurns);
  measure(lines);
  dkim_close(library);
}
