// posthouse codec encode|decode NAME [FILE], codec list, codec guess [FILE]
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <optional>

#include "app/cli/batch.h"
#include "app/cli/cli.h"
#include "app/cli/input.h"
#include "app/cli/output.h"
#include "app/daemon/facts.h"
#include "codec/charset.h"
#include "codec/guess.h"
#include "codec/registry.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using codec::CodingOptions;
using codec::Stream;

/// Of what is not printed before it is known to be right.
inline constexpr std::size_t kCodedOctetsMax = 1 << 30;

struct Args {
  std::string name, file = "-";
  CodingOptions options;
  bool lenient = false, batch = false;
};

/// What came of one input.
struct Coded {
  std::unique_ptr<Stream> stream;
  std::string out;
  std::uint64_t octets_in = 0;
  bool right() const { return stream->faults().count() == 0; }
};

json::array facts(const codec::Faults& faults) {
  json::array out;
  for (const auto& fault : faults.kept())
    out.push_back({{"offset", fault.offset}, {"what", fault.what}});
  return out;
}

json::object facts(const Coded& coded, std::string_view name, bool lenient) {
  json::object out{{"coding", name},
                   {"input_octets", coded.octets_in},
                   {"fault_count", coded.stream->faults().count()},
                   {"faults", facts(coded.stream->faults())}};
  json::object said;
  for (const auto& fact : coded.stream->facts()) said[fact.name] = daemon::utf8_only(fact.value);
  out["facts"] = std::move(said);
  if (coded.right() || lenient) {
    out["output_octets"] = coded.out.size();
    put_octets(out, coded.out);
  } else {
    out["output_octets"] = nullptr;
    out["text"] = nullptr;
    out["base64"] = nullptr;
  }
  return out;
}

void complain_about(const Coded& coded, std::string_view coding, const std::string& input,
                    bool lenient) {
  const auto& faults = coded.stream->faults();
  for (const auto& fault : faults.kept()) {
    complain(fmt::format("{}: octet {}: {} ({})", input, fault.offset, fault.what, coding));
    if (!lenient) break;
  }
  if (faults.count() > faults.kept().size() && lenient)
    complain(fmt::format("{}: {} places more", input, faults.count() - faults.kept().size()));
  if (!lenient) {
    complain(fmt::format("{}: nothing was written", input),
             "--lenient gives what could be decoded");
  }
}

/// Reads all of a file through a stream. Output is kept; with --lenient it is printed as it comes.
Result<Done> run_through(Input& input, Coded& coded, bool print) {
  for (;;) {
    PH_TRY(const std::string_view piece, input.next());
    coded.octets_in += piece.size();
    piece.empty() ? coded.stream->finish(coded.out) : coded.stream->feed(piece, coded.out);
    if (print) {
      if (!write_output(coded.out)) return fail(Kind::unavailable, "standard output is closed");
      coded.out.clear();
    }
    if (piece.empty()) return Done{};
    if (coded.out.size() > kCodedOctetsMax) {
      return fail(Kind::over_limit, "too much to hold until all of it is known to be right",
                  "--lenient prints it as it comes");
    }
  }
}

int code(const Common& common, const Args& args, bool encode) {
  auto stream = encode ? codec::make_encoder(args.name, args.options)
                       : codec::make_decoder(args.name, args.options);
  if (!stream) {
    complain(stream.error(), "posthouse codec list says which there are");
    return kCouldNotRun;
  }
  auto input = Input::open(args.file);
  if (!input) {
    complain(input.error());
    return kCouldNotRun;
  }
  Coded coded{*std::move(stream), "", 0};
  const auto done = run_through(*input, coded, args.lenient && !common.json);
  if (!done) {
    complain(done.error());
    return kCouldNotRun;
  }
  if (common.json) {
    print_json(facts(coded, args.name, args.lenient));
  } else if (!coded.right()) {
    complain_about(coded, args.name, input->name(), args.lenient);
  } else if (!write_output(coded.out)) {
    return kCouldNotRun;
  }
  return coded.right() ? kFine : kFoundWrong;
}

int list(const Common& common) {
  std::vector<std::vector<std::string>> rows{{"NAME", "ALSO", "WHAT", "WHERE"}};
  for (const auto& coding : codec::codings()) {
    if (common.json) {
      print_json({{"name", coding.name},
                  {"aliases", coding.aliases},
                  {"about", coding.about},
                  {"spec", coding.spec}});
    } else {
      rows.push_back({std::string(coding.name), std::string(coding.aliases),
                      std::string(coding.about), std::string(coding.spec)});
    }
  }
  for (const auto charset : codec::charsets()) {
    const std::string name = fmt::format("charset:{}", charset);
    if (common.json) {
      print_json(
          {{"name", name}, {"aliases", ""}, {"about", "a charset, and UTF-8"}, {"spec", ""}});
    }
  }
  if (common.json) return kFine;
  print_table(rows);
  std::string names;
  for (const auto charset : codec::charsets())
    names += fmt::format("{}{}", names.empty() ? "" : " ", charset);
  fmt::print(
      "charset:NAME: decode gives UTF-8, encode takes it. Names, and whatever mail calls them:\n"
      "  {}\n",
      names);
  return kFine;
}

/// The same for what is in memory, in pieces: BinHex writes up to 95 octets with one.
Result<Done> run_through(std::string_view octets, const std::unique_ptr<Stream>& stream,
                         std::string& out) {
  constexpr std::size_t kPieceOctets = 64 << 10;
  for (; !octets.empty(); octets.remove_prefix(std::min(octets.size(), kPieceOctets))) {
    stream->feed(octets.substr(0, kPieceOctets), out);
    if (out.size() > kCodedOctetsMax) return fail(Kind::over_limit, "too much to hold in memory");
  }
  stream->finish(out);
  return Done{};
}

/// The likeliest reading of some octets, and what it makes of them.
Result<json::object> guess_facts(std::string_view octets, std::string& decoded) {
  const auto guesses = codec::guess_coding(octets);
  json::array all;
  for (const auto& guess : guesses)
    all.push_back({{"coding", guess.coding}, {"percent", guess.percent}, {"why", guess.why}});
  json::object out{{"coding", guesses.empty() ? json::value() : json::value(guesses[0].coding)},
                   {"guesses", std::move(all)}};
  decoded = octets;
  if (!guesses.empty()) {
    PH_TRY(const auto stream, codec::make_decoder(guesses.front().coding, {}));
    decoded.clear();
    PH_TRY([[maybe_unused]] const auto done, run_through(octets, stream, decoded));
    out["fault_count"] = stream->faults().count();
  }
  out["content"] = codec::name_content(decoded);
  return out;
}

int guess(const Common& common, const Args& args) {
  const auto octets = read_input(args.file, kInputOctetsMax);
  if (!octets) return kCouldNotRun;
  std::string decoded;
  auto guessed = guess_facts(*octets, decoded);
  if (!guessed) {
    complain(guessed.error(), "posthouse codec decode NAME --lenient prints it as it comes");
    return kCouldNotRun;
  }
  json::object& out = *guessed;
  const bool known = !out["coding"].is_null();
  if (common.json) {
    put_octets(out, decoded);
    print_json(out);
    return known ? kFine : kFoundWrong;
  }
  // What it is goes to standard error, so that what it says can go into a pipe.
  if (!known) {
    complain(fmt::format("{} that no coding is to be seen in",
                         std::string_view(out["content"].get_string())));
    return kFoundWrong;
  }
  for (const auto& each : out["guesses"].as_array()) {
    fmt::print(stderr, "{:>3} %  {}: {}\n", each.at("percent").as_uint64(),
               std::string_view(each.at("coding").as_string()),
               printable(std::string_view(each.at("why").as_string())));
  }
  fmt::print(stderr, "Decoded as {}: {}, {} octets\n", std::string_view(out["coding"].as_string()),
             std::string_view(out["content"].as_string()), decoded.size());
  return write_output(decoded) ? kFine : kCouldNotRun;
}

Result<json::object> answer(const json::object& request) {
  PH_TRY(const std::string what, text_of(request, "do"));
  if (what == "list") {
    json::array names;
    for (const auto& coding : codec::codings()) names.emplace_back(coding.name);
    return json::object{{"codings", std::move(names)}};
  }
  if (what != "encode" && what != "decode" && what != "guess")
    return fail(Kind::malformed, "\"do\" is encode, decode, guess or list");
  PH_TRY(const std::string octets, octets_of(request));
  if (what == "guess") {
    std::string decoded;
    PH_TRY(json::object out, guess_facts(octets, decoded));
    put_octets(out, decoded);
    out["code"] = out.at("coding").is_null() ? kFoundWrong : kFine;
    return out;
  }
  CodingOptions options;
  PH_TRY(const std::string coding, text_of(request, "coding"));
  PH_TRY(options.name, text_of(request, "name"));
  PH_TRY(options.delsp, flag_of(request, "delsp"));
  PH_TRY(options.resource_fork, flag_of(request, "resource_fork"));
  PH_TRY(const bool lenient, flag_of(request, "lenient"));
  PH_TRY(auto stream, what == "encode" ? codec::make_encoder(coding, options)
                                       : codec::make_decoder(coding, options));
  Coded coded{std::move(stream), "", octets.size()};
  PH_TRY([[maybe_unused]] const auto done, run_through(octets, coded.stream, coded.out));
  json::object out = facts(coded, coding, lenient);
  out["code"] = coded.right() ? kFine : kFoundWrong;
  return out;
}

constexpr const char* kCodeNotes =
    "Works without a server and without a configuration. Octets go through unchanged: no line end\n"
    "is added. Wrong input: where and why, exit 1, and nothing is written, unless --lenient.\n\n"
    "Examples:\n"
    "  posthouse codec decode base64 attachment.txt > attachment\n"
    "  echo -n 'Grüße' | posthouse codec encode rfc2047\n"
    "  posthouse codec decode charset:gb2312 old.txt\n"
    "  posthouse codec decode uuencode --lenient --json < file.uu\n";

void add_coding(Command program, Common& common, const char* name, const char* what, bool encode) {
  auto command = program.add(name, what);
  const auto args = std::make_shared<Args>();
  command.text("NAME", args->name, "the coding (posthouse codec list), or charset:NAME").required();
  command.text("FILE", args->file, "default: standard input");
  command.text("--name", args->options.name,
               encode ? "of the file (uuencode, binhex, yenc) or the parameter (rfc2231)"
                      : "of the parameter to take (rfc2231)");
  command.flag("--delsp", args->options.delsp, "flowed: DelSp=yes");
  if (!encode)
    command.flag("--resource-fork", args->options.resource_fork,
                 "binhex: instead of the data fork");
  command.flag("--lenient", args->lenient, "what does not fit is left out, replaced or kept");
  command.notes(kCodeNotes);
  command.on_run(common, [&common, args, encode] { return code(common, *args, encode); });
}

}  // namespace

void add_codec(Command program, Common& common) {
  auto command = program.add("codec", "encode and decode what mail is coded in");
  const auto batch = std::make_shared<bool>(false);
  command.flag("--batch", *batch, "answer a JSON request a line on standard input, line by line");
  command.notes(
      "A batch's requests: {\"do\": \"decode\", \"coding\": \"base64\", \"text\": \"...\"}; "
      "instead of\n"
      "\"text\" \"base64\" or \"file\". docs/cli.md says the rest.\n");
  add_coding(command, common, "encode", "octets into a coding", true);
  add_coding(command, common, "decode", "octets out of a coding", false);

  auto list_command = command.add("list", "which codings there are");
  list_command.notes("Examples:\n  posthouse codec list --json\n");
  list_command.on_run(common, [&common] { return list(common); });

  auto guess_command = command.add("guess", "what is this coded in? decodes it");
  const auto args = std::make_shared<Args>();
  guess_command.text("FILE", args->file, "default: standard input");
  guess_command.notes(
      "What it is, the likeliest first, goes to standard error; what it says to standard output.\n"
      "Exit 1: nothing that can be decoded is to be seen.\n\n"
      "Examples:\n  posthouse codec guess strange.txt\n");
  guess_command.on_run(common, [&common, args] { return guess(common, *args); });
  command.on_run(common, [batch] {
    if (*batch) return run_batch(answer);
    complain("which part of codec?", "posthouse codec --help");
    return kCouldNotRun;
  });
}

}  // namespace ph::cli
