// posthouse auth spf|dkim|dmarc|arc|sign|seal|lint|report
#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/cli/administrator.h"
#include "app/cli/auth_answers.h"
#include "app/cli/auth_request.h"
#include "app/cli/auth_text.h"
#include "app/cli/batch.h"
#include "app/cli/cli.h"
#include "app/cli/input.h"
#include "app/cli/output.h"
#include "codec/base64.h"

namespace ph::cli {
namespace {

namespace json = boost::json;

struct Args {
  AuthRequest request;
  std::string file, dns;
  bool batch = false;
};

/// --dns, else the configuration's, else none: the system's. nullopt: complained about.
std::optional<std::vector<rt::Endpoint>> servers_of(const Common& common, const std::string& dns) {
  if (dns.empty()) {
    const auto config = find_config(common);
    if (!config) return std::nullopt;
    return config->dns_servers;
  }
  if (const auto endpoint = rt::parse_endpoint(dns)) return std::vector{*endpoint};
  if (const auto ip = rt::parse_ip(dns)) return std::vector{rt::Endpoint{*ip, 53}};
  complain(fmt::format("--dns: \"{}\" is not the address of a server", dns),
           "write 127.0.0.1:53 or [::1]:53");
  return std::nullopt;
}

int run_one(const Common& common, const Args& args) {
  AuthRequest request = args.request;
  const bool makes = request.what == "sign" || request.what == "seal";
  if (request.what != "spf" && request.what != "lint") {
    auto octets = read_input(args.file, kInputOctetsMax);
    if (!octets) return kCouldNotRun;
    request.message = *std::move(octets);
  }
  const auto servers = servers_of(common, args.dns);
  if (!servers) return kCouldNotRun;
  AuthDesk desk(*servers);
  auto facts = desk.answer(request);
  if (!facts) {
    complain(facts.error(), fmt::format("posthouse auth {} --help", request.what));
    return facts.error().kind == Kind::refused ? kFoundWrong : kCouldNotRun;
  }
  const int code = static_cast<int>(facts->at("code").to_number<std::int64_t>());
  facts->erase("code");
  if (common.json) {
    print_json(*facts);
  } else if (makes) {
    const auto octets = codec::decode_base64(std::string_view(facts->at("base64").as_string()));
    return octets && write_output(*octets) ? code : kCouldNotRun;
  } else {
    fmt::print("{}", auth_text(*facts));
  }
  return code;
}

int run_requests(const Common& common, const Args& args) {
  const auto servers = servers_of(common, args.dns);
  if (!servers) return kCouldNotRun;
  AuthDesk desk(*servers);
  return run_batch([&](const json::object& request) -> Result<json::object> {
    PH_TRY(const AuthRequest wanted, request_of(request, args.request));
    return desk.answer(wanted);
  });
}

struct Part {
  Command command;
  std::shared_ptr<Args> args;
};

Part add_part(Command command, Common& common, const char* name, const char* what,
              const char* notes) {
  Part part{command.add(name, what), std::make_shared<Args>()};
  AuthRequest& request = part.args->request;
  request.what = name;
  part.command.text(
      "--dns", part.args->dns,
      "the server to ask, as 127.0.0.1:53; default: [dns] servers, else the system's");
  part.command.text("--now", request.now,
                    "check as if it were then: seconds since 1970, or 2026-11-21T10:00:00Z");
  part.command.notes(notes);
  part.command.on_run(common, [&common, args = part.args] { return run_one(common, *args); });
  return part;
}

void add_file(Part& part) {
  part.command.text("FILE", part.args->file, "the message; - for standard input").required();
}

void add_client(Part& part) {
  AuthRequest& request = part.args->request;
  part.command.text("--ip", request.ip, "the address that the mail came from");
  part.command.text("--from", request.from, "the envelope sender (MAIL FROM); \"\" for <>");
  part.command.text("--helo", request.helo, "the name that the client gave in EHLO or HELO");
}

void add_signer(Part& part) {
  AuthRequest& request = part.args->request;
  part.command.text("--domain", request.domain, "in whose name (d=)").required();
  part.command.text("--selector", request.selector, "of the key (s=)").required();
  part.command.text("--key", request.key, "a file with the private key, PEM: RSA or Ed25519")
      .required();
  part.command.flag("--header-only", request.header_only, "print the new fields alone");
}

void add_checks(Command command, Common& common) {
  auto spf = add_part(command, common, "spf", "may this address send for that domain?",
                      "Example:\n  posthouse auth spf --ip 192.0.2.1 --helo mx.example.org --from "
                      "bob@example.org\n");
  add_client(spf);
  spf.command.text("--receiver", spf.args->request.authserv_id, "our host name, for Received-SPF");

  auto dkim = add_part(command, common, "dkim", "is the message what its signers signed?",
                       "Example:\n  posthouse auth dkim message.eml\n");
  add_file(dkim);

  auto dmarc = add_part(command, common, "dmarc",
                        "does SPF or DKIM vouch for the domain in From, and what if not?",
                        "Without --ip only DKIM can vouch.\n"
                        "Example:\n  posthouse auth dmarc message.eml --ip 192.0.2.1 --from "
                        "bob@example.org\n");
  add_file(dmarc);
  add_client(dmarc);
  dmarc.command.flag("--public-suffixes", dmarc.args->request.public_suffixes,
                     "find the organization by the public suffix list (RFC 7489)");

  auto arc = add_part(command, common, "arc", "does the chain of those who passed it on hold?",
                      "Example:\n  posthouse auth arc message.eml --json\n");
  add_file(arc);
}

void add_makers(Command command, Common& common) {
  auto sign =
      add_part(command, common, "sign", "sign a message with DKIM",
               "The signed message goes to standard output, with CRLF line ends.\n"
               "Example:\n  posthouse auth sign message.eml --domain example.org --selector "
               "s1 --key s1.pem\n");
  add_file(sign);
  add_signer(sign);
  AuthRequest& how = sign.args->request;
  sign.command.text("--expires", how.expires, "valid for so long, such as 7d (x=)");
  sign.command.text("--canonical", how.canonical,
                    "forms of header and body (c=); default: relaxed/relaxed");
  sign.command.text("--identity", how.identity, "for whom: someone@example.org (i=)");
  sign.command.text("--fields", how.fields,
                    "to sign, as from:to:subject (h=); default: those that say what it is");
  sign.command.flag("--no-oversign", how.no_oversign,
                    "do not keep others from adding fields of the signed names");

  auto seal = add_part(command, common, "seal", "add an ARC set to a message",
                       "Exit 1: nothing may be added, because the chain failed before.\n"
                       "Example:\n  posthouse auth seal message.eml --domain example.org "
                       "--selector s1 --key s1.pem \\\n    --authserv-id mx.example.org\n");
  add_file(seal);
  add_signer(seal);
  add_client(seal);
  auto results = seal.command.text("--results", seal.args->request.results,
                                   "what was found: \"mx.example.org; spf=pass ...\"");
  seal.command
      .text("--authserv-id", seal.args->request.authserv_id,
            "check the message now, and say what was found in this name")
      .excludes(results);
}

}  // namespace

void add_auth(Command program, Common& common) {
  auto command = program.add("auth", "who really sent it: SPF, DKIM, DMARC, ARC");
  const auto args = std::make_shared<Args>();
  command.flag("--batch", args->batch, "answer a JSON request a line on standard input");
  command.text("--dns", args->dns, "for --batch: the server to ask");
  command.text("--now", args->request.now, "for --batch: the time, unless a request says one");
  command.notes(
      "Exit 0: nothing is wrong (pass, none, neutral); 1: a check fails; 2: could not run, or the "
      "DNS does not\nsay. docs/cli.md has the requests of a batch.\n");
  add_checks(command, common);
  add_makers(command, common);
  auto lint = add_part(command, common, "lint", "what is wrong in a domain's records",
                       "Exit 1: something is wrong or dangerous.\n"
                       "Example:\n  posthouse auth lint example.org --selector s1\n");
  lint.command.text("DOMAIN", lint.args->request.domain, "").required();
  lint.command.texts("--selector", lint.args->request.selectors,
                     "look at this DKIM key, too; default: common names are tried");
  auto report = command.add("report", "who sends in your name, as another server counted it");
  const auto read = std::make_shared<Args>();
  read->request.what = "report";
  report
      .text("FILE", read->file,
            "a DMARC aggregate report: the message, or .xml, .xml.gz, .zip; - for standard input")
      .required();
  report.notes(
      "Exit 1: some of the mail does not pass DMARC, or the report is not in order.\n"
      "Example:\n  posthouse auth report google.com!example.org!1700000000!1700086399.zip\n");
  report.on_run(common, [&common, read] { return run_one(common, *read); });
  command.on_run(common, [&common, args] {
    if (args->batch) return run_requests(common, *args);
    complain("which part of auth?", "posthouse auth --help");
    return kCouldNotRun;
  });
}

}  // namespace ph::cli
