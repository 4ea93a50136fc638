#include "app/cli/batch.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>

#include "app/cli/cli.h"
#include "app/cli/input.h"
#include "app/cli/output.h"
#include "app/daemon/facts.h"
#include "codec/base64.h"

namespace ph::cli {

namespace json = boost::json;

namespace {

json::object refusal(const Error& error) {
  return {
      {"code", kCouldNotRun}, {"error", error.what}, {"detail", daemon::utf8_only(error.detail)}};
}

json::object answer_line(std::string_view line, const Answer& answer) {
  boost::system::error_code wrong;
  const json::value parsed = json::parse({line.data(), line.size()}, wrong);
  if (wrong || !parsed.is_object()) {
    json::object out{{"id", nullptr}};
    const auto said = fail(Kind::malformed, "not a JSON object", wrong ? wrong.message() : "");
    for (auto& [key, value] : refusal(said.error())) out[key] = std::move(value);
    return out;
  }
  const json::object& request = parsed.get_object();
  const auto* id = request.if_contains("id");
  json::object out{{"id", id ? *id : json::value()}};
  auto given = answer(request);
  if (given) out["code"] = kFine;
  for (auto& [key, value] : given ? *given : refusal(given.error())) out[key] = std::move(value);
  return out;
}

}  // namespace

int run_batch(const Answer& answer) {
  auto input = Input::open("-");
  std::string line;
  bool too_long = false;
  const auto end_of_line = [&] {
    if (line.ends_with('\r')) line.pop_back();
    if (too_long) {
      const auto said = fail(Kind::over_limit, "request too long",
                             fmt::format("at most {} octets", kBatchLineOctetsMax));
      print_json(refusal(said.error()));
    } else if (line.find_first_not_of(" \t") != std::string::npos) {
      print_json(answer_line(line, answer));
    }
    std::fflush(stdout);
    line.clear();
    too_long = false;
  };
  for (;;) {
    const auto piece = input->next_of_line();
    if (!piece) {
      complain(piece.error());
      return kCouldNotRun;
    }
    if (piece->empty()) break;
    const bool ends = piece->ends_with('\n');
    const auto part = piece->substr(0, piece->size() - (ends ? 1 : 0));
    too_long = too_long || part.size() > kBatchLineOctetsMax - line.size();
    if (!too_long) line += part;
    if (ends) end_of_line();
  }
  if (!line.empty() || too_long) end_of_line();
  return kFine;
}

Result<std::string> text_of(const json::object& request, std::string_view member,
                            std::string_view otherwise) {
  const auto* value = request.if_contains({member.data(), member.size()});
  if (value == nullptr || value->is_null()) return std::string(otherwise);
  if (!value->is_string())
    return fail(Kind::malformed, "a member must be a text", std::string(member));
  return std::string(value->get_string());
}

Result<bool> flag_of(const json::object& request, std::string_view member) {
  const auto* value = request.if_contains({member.data(), member.size()});
  if (value == nullptr || value->is_null()) return false;
  if (!value->is_bool()) {
    return fail(Kind::malformed, "a member must be true or false", std::string(member));
  }
  return value->get_bool();
}

Result<std::string> octets_of(const json::object& request) {
  int given = 0;
  for (const auto* member : {"text", "base64", "file"}) given += request.contains(member) ? 1 : 0;
  if (given != 1) {
    return fail(Kind::malformed, "a request has exactly one of \"text\", \"base64\" and \"file\"");
  }
  if (request.contains("file")) {
    PH_TRY(const std::string file, text_of(request, "file"));
    if (file.empty() || file == "-") {
      return fail(Kind::malformed, "standard input has the requests: name a file");
    }
    return read_all(file, kInputOctetsMax);
  }
  if (request.contains("base64")) {
    PH_TRY(const std::string coded, text_of(request, "base64"));
    return codec::decode_base64(coded);
  }
  return text_of(request, "text");
}

void put_octets(json::object& answer, std::string_view octets) {
  if (daemon::utf8_only(octets) == octets) {
    answer["text"] = octets;
  } else {
    answer["text"] = nullptr;
  }
  answer["base64"] = codec::encode_base64(octets);
}

}  // namespace ph::cli
