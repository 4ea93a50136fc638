// posthouse message show|tree|part|headers|check|bounce FILE
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "app/cli/batch.h"
#include "app/cli/bounce_facts.h"
#include "app/cli/cli.h"
#include "app/cli/input.h"
#include "app/cli/message_facts.h"
#include "app/cli/message_files.h"
#include "app/cli/output.h"
#include "app/daemon/facts.h"
#include "codec/utf8.h"
#include "message/readable.h"

namespace ph::cli {
namespace {

namespace json = boost::json;
using message::MimePart;
using message::MimeTree;

struct Args {
  std::string file, part, out;
  bool raw = false, as_text = false;
};

std::string joined(const json::array& addresses) {
  std::string out;
  for (const auto& each : addresses) {
    const std::string_view name = each.at("name").as_string(),
                           address = each.at("address").as_string();
    out += out.empty() ? "" : ", ";
    out += name.empty() ? std::string(address) : fmt::format("{} <{}>", name, address);
  }
  return printable(out);
}

std::string member(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains({name.data(), name.size()});
  return found && found->is_string() ? printable(std::string_view(found->get_string())) : "";
}

void print_files(const json::array& files) {
  for (const auto& each : files) {
    const auto& file = each.as_object();
    const std::string name = member(file, "name");
    fmt::print("[{}] {}  {}  {} octets{}\n", member(file, "id"), name.empty() ? "(no name)" : name,
               member(file, "coding"), file.at("decoded_octets").as_uint64(),
               file.at("whole").as_bool() ? "" : "  (its end is missing)");
  }
}

void print_readable(const MimeTree& tree) {
  const json::object facts = readable_facts(tree);
  const auto line = [](const char* name, const std::string& value) {
    if (!value.empty()) fmt::print("{:<9}{}\n", name, value);
  };
  line("From:", joined(facts.at("from").as_array()));
  line("To:", joined(facts.at("to").as_array()));
  line("Cc:", joined(facts.at("cc").as_array()));
  line("Date:", printable(tree.header().text("date").value_or("")));
  line("Subject:", member(facts, "subject"));
  const std::string text = printable_lines(std::string_view(facts.at("text").as_string()));
  fmt::print("\n{}{}", text, text.ends_with('\n') || text.empty() ? "" : "\n");
  if (facts.at("html_only").as_bool()) fmt::print("\n(made from HTML: there is no other text)\n");
  const auto& attachments = facts.at("attachments").as_array();
  const auto& files = facts.at("files").as_array();
  if (attachments.empty() && files.empty()) return;
  fmt::print("\n");
  print_files(files);
  for (const auto& each : attachments) {
    const auto& part = each.as_object();
    const auto* octets = part.if_contains("decoded_octets");
    fmt::print(
        "[{}] {}  {}  {} octets\n", member(part, "id"),
        member(part, "name").empty() ? "(no name)" : member(part, "name"), member(part, "type"),
        octets && octets->is_uint64() ? octets->get_uint64() : part.at("octets").as_uint64());
  }
}

void print_tree(const MimeTree& tree) {
  std::vector<std::vector<std::string>> rows{
      {"ID", "TYPE", "CHARSET", "ENCODING", "OCTETS", "NAME"}};
  const json::object facts = tree_facts(tree);
  for (const auto& each : facts.at("parts").as_array()) {
    const auto& part = each.as_object();
    const auto depth = static_cast<std::size_t>(part.at("depth").to_number<std::uint64_t>());
    rows.push_back({member(part, "id"), std::string(2 * depth, ' ') + member(part, "type"),
                    member(part, "charset"), member(part, "encoding"),
                    fmt::format("{}", part.at("octets").as_uint64()), member(part, "name")});
    for (const auto& inside : part.at("files").as_array()) {
      const auto& file = inside.as_object();
      rows.push_back({member(file, "id"), std::string(2 * depth + 2, ' ') + "file", "",
                      member(file, "coding"), fmt::format("{}", file.at("octets").as_uint64()),
                      member(file, "name")});
    }
  }
  print_table(rows);
  for (const auto& each : facts.at("findings").as_array()) {
    const auto& finding = each.as_object();
    fmt::print("part {}: {} at octet {}\n", member(finding, "part"), member(finding, "id"),
               finding.at("offset").as_uint64());
  }
}

void print_findings(const json::object& facts) {
  for (const auto& each : facts.at("findings").as_array()) {
    const auto& finding = each.as_object();
    const auto count = finding.at("count").to_number<std::uint64_t>();
    const std::string field = member(finding, "field");
    fmt::print("octet {}, part {}: {}{}{} ({})\n  {}\n",
               finding.at("offset").to_number<std::uint64_t>(), member(finding, "part"),
               field.empty() ? "" : field + ": ", member(finding, "what"),
               count > 1 ? fmt::format(", {} times", count) : "", member(finding, "rfc"),
               member(finding, "effect"));
  }
  if (const auto left_out = facts.at("left_out").to_number<std::uint64_t>(); left_out > 0)
    fmt::print("and {} more\n", left_out);
}

bool write_to(const std::string& file, std::string_view octets) {
  if (file.empty() || file == "-") return write_output(octets);
  std::FILE* out = std::fopen(file.c_str(), "wbe");
  bool written =
      out != nullptr && std::fwrite(octets.data(), 1, octets.size(), out) == octets.size();
  if (out != nullptr) written = std::fclose(out) == 0 && written;
  if (!written) {
    complain(fmt::format("cannot write {}: {}", file, std::strerror(errno)),
             "name a file in a folder that you may write to");
  }
  return written;
}

/// A part by its id. not_found.
Result<std::uint32_t> find_part(const MimeTree& tree, const std::string& id) {
  const std::uint32_t index = tree.find_section(id);
  if (index != MimePart::kNone) return index;
  return fail(Kind::not_found, "no part has this id",
              fmt::format("{}; posthouse message tree FILE lists them", id));
}

Result<std::string> content_of(const MimeTree& tree, std::uint32_t index, bool raw, bool as_text) {
  const MimePart& part = tree.parts()[index];
  if (raw || (part.children > 0 && !part.is_encoded_message()))
    return std::string(tree.body_of(part));
  if (as_text) return message::decoded_text(tree, part).text;
  return message::decoded_body(tree, part);
}

/// A file inside the text of a part, "1#1": its facts and its octets. not_found, over_limit.
struct FoundFile {
  json::object facts;
  std::string content;
};
Result<FoundFile> find_file(const MimeTree& tree, const FileId& id, bool raw) {
  PH_TRY(const auto index, find_part(tree, id.part));
  const PartFiles files = files_of(tree, index);
  if (id.number > files.files.size())
    return fail(Kind::not_found, "no file in the text has this id",
                fmt::format("{}#{}; posthouse message tree FILE lists them", id.part, id.number));
  FoundFile out{.facts = files_facts(files, part_id(tree, index)).at(id.number - 1).as_object()};
  PH_TRY(out.content, content_of(files, files.files[id.number - 1], raw));
  return out;
}

Result<json::object> part_facts(const MimeTree& tree, const Args& args) {
  if (const auto id = file_id(args.part)) {
    PH_TRY(FoundFile file, find_file(tree, *id, args.raw));
    put_octets(file.facts, file.content);
    return std::move(file.facts);
  }
  PH_TRY(const auto index, find_part(tree, args.part));
  PH_TRY(const std::string content, content_of(tree, index, args.raw, args.as_text));
  json::object out = tree_facts(tree).at("parts").at(index).as_object();
  put_octets(out, content);
  return out;
}

Result<std::string> part_content(const MimeTree& tree, const Args& args) {
  if (const auto id = file_id(args.part)) {
    PH_TRY(FoundFile file, find_file(tree, *id, args.raw));
    return std::move(file.content);
  }
  PH_TRY(const auto index, find_part(tree, args.part));
  return content_of(tree, index, args.raw, args.as_text);
}

/// What the parts of the command do with a message, as JSON. `check`: findings make the code 1.
Result<json::object> facts_for(std::string_view what, const MimeTree& tree, const Args& args) {
  if (what == "show") return readable_facts(tree);
  if (what == "tree") return tree_facts(tree);
  if (what == "headers") return header_facts(tree.header());
  if (what == "part") return part_facts(tree, args);
  if (what == "check") {
    json::object out = check_facts(tree);
    out["code"] = out.at("findings").as_array().empty() ? kFine : kFoundWrong;
    return out;
  }
  if (what == "bounce") {
    json::object out = bounce_facts(message::read_report(tree));
    out["code"] = out.at("kind").as_string() == "none" ? kFoundWrong : kFine;
    return out;
  }
  return fail(Kind::malformed, "\"do\" is show, tree, headers, part, check or bounce");
}

int print_facts(json::object facts) {
  int code = kFine;
  if (const auto* said = facts.if_contains("code")) code = static_cast<int>(said->as_int64());
  facts.erase("code");
  print_json(facts);
  return code;
}

void print_headers(const MimeTree& tree) {
  for (const auto& field : tree.header().fields()) {
    fmt::print("{}: {}\n", printable(message::valid_utf8(field.name)),
               printable(message::readable_text(field.value)));
  }
}

int run_on_file(const Common& common, const Args& args, std::string_view what) {
  const auto octets = read_input(args.file, kInputOctetsMax);
  if (!octets) return kCouldNotRun;
  const MimeTree tree = message::parse_mime(*octets);
  if (common.json && args.out.empty()) {
    auto facts = facts_for(what, tree, args);
    if (facts) return print_facts(*std::move(facts));
    complain(facts.error());
    return kFoundWrong;
  }
  if (what == "show") {
    print_readable(tree);
  } else if (what == "tree") {
    print_tree(tree);
  } else if (what == "headers") {
    print_headers(tree);
  } else if (what == "bounce") {
    return print_bounce(message::read_report(tree));
  } else if (what == "check") {
    const json::object facts = check_facts(tree);
    print_findings(facts);
    return facts.at("findings").as_array().empty() ? kFine : kFoundWrong;
  } else {
    const auto content = part_content(tree, args);
    if (!content) {
      complain(content.error());
      return kFoundWrong;
    }
    return write_to(args.out, *content) ? kFine : kCouldNotRun;
  }
  return kFine;
}

Result<json::object> answer(const json::object& request) {
  PH_TRY(const std::string what, text_of(request, "do"));
  PH_TRY(const std::string octets, octets_of(request));
  Args args;
  PH_TRY(args.part, text_of(request, "part", "1"));
  PH_TRY(args.raw, flag_of(request, "raw"));
  PH_TRY(args.as_text, flag_of(request, "as_text"));
  auto facts = facts_for(what, message::parse_mime(octets), args);
  if (facts || facts.error().kind != Kind::not_found) return facts;
  return json::object{{"code", kFoundWrong},
                      {"error", facts.error().what},
                      {"detail", daemon::utf8_only(facts.error().detail)}};
}

std::shared_ptr<Args> add_part_of(Command program, Common& common, const char* name,
                                  const char* what, const char* notes, Command& made) {
  made = program.add(name, what);
  const auto args = std::make_shared<Args>();
  made.text("FILE", args->file, "the message; - for standard input").required();
  made.notes(notes);
  made.on_run(common, [&common, args, name] { return run_on_file(common, *args, name); });
  return args;
}

}  // namespace

void add_message(Command program, Common& common) {
  auto command = program.add("message", "a message taken apart");
  const auto batch = std::make_shared<bool>(false);
  command.flag("--batch", *batch, "answer a JSON request a line on standard input, line by line");
  command.notes(
      "Needs neither a server nor a configuration. A batch's requests: {\"do\": \"tree\", "
      "\"file\":\n"
      "\"m.eml\"}; instead of \"file\" \"text\" or \"base64\". docs/cli.md says the rest.\n");
  Command part = command;
  add_part_of(command, common, "show", "a message as a person reads it",
              "Examples:\n  posthouse message show mail.eml\n", part);
  add_part_of(command, common, "tree", "its parts: type, charset, encoding, octets, name",
              "Examples:\n  posthouse message tree mail.eml --json\n", part);
  add_part_of(command, common, "headers", "its header, readable",
              "Examples:\n  posthouse message headers mail.eml\n", part);
  add_part_of(command, common, "check", "what in it breaks a standard, and what comes of it",
              "Exit 1: something does.\n\nExamples:\n  posthouse message check mail.eml\n", part);
  add_part_of(
      command, common, "bounce", "what it reports of another message: a bounce, a complaint",
      "Exit 1: it is no report.\n\nExamples:\n  posthouse message bounce mail.eml --json\n", part);
  const auto args = add_part_of(command, common, "part", "one part of it, decoded",
                                "Examples:\n"
                                "  posthouse message part mail.eml 2 -o picture.png\n"
                                "  posthouse message part mail.eml 1.2 --text\n"
                                "  posthouse message part old.eml 1#1 > file.tar\n",
                                part);
  part.text("ID", args->part,
            "as `message tree` has it, 1.2; 1#1: a file inside the text of a part")
      .required();
  part.text("-o,--out", args->out, "write it to this file");
  const auto raw = part.flag("--raw", args->raw, "as it stands there, not decoded");
  part.flag("--text", args->as_text, "a text part as UTF-8").excludes(raw);
  command.on_run(common, [batch] {
    if (*batch) return run_batch(answer);
    complain("which part of message?", "posthouse message --help");
    return kCouldNotRun;
  });
}

}  // namespace ph::cli
