// Messages of others, real and hostile, and one other parser's view of some of them. Where we
// decide otherwise, tests/conformance/README.md says why.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "message/check.h"
#include "message/content.h"
#include "message/html_text.h"
#include "message/mime_tree.h"

namespace ph::message {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const std::string kCorpus = PH_SOURCE_DIR "/tests/corpus/";

std::string octets_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::set<fs::path> files_in(const std::string& folder, std::string_view extension) {
  std::set<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(kCorpus + folder))
    if (entry.is_regular_file() && entry.path().extension() == extension) out.insert(entry.path());
  return out;
}

/// One line a part: its type, and what its text or name is.
struct View {
  std::vector<std::string> types, names, texts;
};

std::string one_line_end(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '\r') out.push_back(c);
  return out;
}

View view_of(const MimeTree& tree) {
  View view;
  for (const MimePart& part : tree.parts()) {
    view.types.push_back(part.type + "/" + part.subtype);
    view.names.push_back(part_name(part));
    view.texts.push_back(part.type == "text" ? one_line_end(decoded_text(tree, part).text) : "");
  }
  return view;
}

const json::object* content_value(const json::value& part, std::string_view name) {
  for (const auto& header : part.at("headers").as_array()) {
    const auto* is_name = header.at("name").if_string();
    const auto* value = header.at("value").if_object();
    if (is_name == nullptr || *is_name != name || value == nullptr) continue;
    if (const auto* found = value->if_contains("ContentType")) return &found->as_object();
  }
  return nullptr;
}

std::string attribute(const json::object* value, std::string_view name) {
  const auto* attributes = value == nullptr ? nullptr : value->if_contains("attributes");
  if (attributes == nullptr || !attributes->is_array()) return {};
  for (const auto& one : attributes->as_array())
    if (one.at("name").as_string() == name) return std::string(one.at("value").as_string());
  return {};
}

void add_view(const json::value& message, std::size_t index, View& view) {
  const auto& part = message.at("parts").at(index);
  const auto* type = content_value(part, "content_type");
  const auto& body = part.at("body").as_object();
  const auto* subtype = type == nullptr ? nullptr : type->if_contains("c_subtype");
  view.types.push_back(type == nullptr || subtype == nullptr || !subtype->is_string()
                           ? "?"
                           : std::string(type->at("c_type").as_string()) + "/" +
                                 std::string(subtype->as_string()));
  const std::string name = attribute(content_value(part, "content_disposition"), "filename");
  view.names.push_back(name.empty() ? attribute(type, "name") : name);
  const auto* text = body.if_contains("Text");
  if (text == nullptr) text = body.if_contains("Html");
  view.texts.push_back(text == nullptr ? "" : one_line_end(std::string(text->as_string())));
  if (const auto* parts = body.if_contains("Multipart"))
    for (const auto& child : parts->as_array())
      add_view(message, child.to_number<std::size_t>(), view);
  if (const auto* inner = body.if_contains("Message"); inner != nullptr && inner->is_object())
    add_view(*inner, 0, view);
}

struct Agreement {
  std::size_t messages = 0, shapes = 0, parts = 0, types = 0, names = 0, texts = 0;
};

Agreement agreement_with(const std::string& set) {
  Agreement sum;
  for (const fs::path& file : files_in("mime-mail-parser/eml/" + set, ".eml")) {
    const std::string octets = octets_of(file);
    const View got = view_of(parse_mime(octets));
    View expected;
    add_view(json::parse(octets_of(fs::path(file).replace_extension(".json"))), 0, expected);
    ++sum.messages;
    const bool same_shape = got.types.size() == expected.types.size();
    sum.shapes += same_shape ? 1 : 0;
    if (!same_shape) std::printf("otherwise: %s\n", file.filename().c_str());
    for (std::size_t i = 0; same_shape && i < got.types.size(); ++i) {
      ++sum.parts;
      sum.types += expected.types[i] == "?" || got.types[i] == expected.types[i] ? 1 : 0;
      sum.names += got.names[i] == expected.names[i] ? 1 : 0;
      const bool is_text = got.types[i].starts_with("text/");
      sum.texts += !is_text || got.texts[i] == expected.texts[i] ? 1 : 0;
    }
  }
  std::printf(
      "%s: %zu of %zu messages of the same shape; of %zu parts: types %zu, names %zu, "
      "texts %zu\n",
      set.c_str(), sum.shapes, sum.messages, sum.parts, sum.types, sum.names, sum.texts);
  return sum;
}

TEST(MimeCorpus, AgreesWithAnotherParser) {
  for (const std::string set : {"rfc", "thirdparty"}) {
    const Agreement sum = agreement_with(set);
    EXPECT_GT(sum.messages, 5U) << set;
    EXPECT_GE(100 * sum.shapes, 85 * sum.messages) << set;
    EXPECT_GE(100 * sum.types, 95 * sum.parts) << set;
    EXPECT_GE(100 * sum.names, 95 * sum.parts) << set;
    EXPECT_GE(100 * sum.texts, 95 * sum.parts) << set;
  }
  EXPECT_GT(agreement_with("malformed").messages, 20U);  // there every parser reads otherwise
}

void read_all_of(std::string_view octets) {
  const MimeTree tree = parse_mime(octets);
  ASSERT_EQ(tree.root().end, octets.size());
  for (const MimePart& part : tree.parts()) {
    ASSERT_LE(part.header, part.body);
    ASSERT_LE(part.body, part.end);
    part_name(part);
    if (part.is("text", "html")) html_to_text(decoded_text(tree, part).text);
  }
  readable_parts(tree);
  check_message(tree);
}

TEST(MimeCorpus, ReadsEveryMessage) {
  std::size_t messages = 0;
  for (const auto& [folder, extension] :
       {std::pair("spam-sample", ".txt"), std::pair("mime-cpython", ".txt"),
        std::pair("mime-mikel-mail", ".eml"), std::pair("mime-mail-parser", ".eml")}) {
    for (const fs::path& file : files_in(folder, extension)) {
      SCOPED_TRACE(file);
      ++messages;
      read_all_of(octets_of(file));
    }
  }
  EXPECT_GT(messages, 500U);
}

// Mail is cut off anywhere.
TEST(MimeCorpus, ReadsEveryBeginningOfAMessage) {
  for (const auto& [folder, extension] :
       {std::pair("mime-cpython/email", ".txt"), std::pair("mime-mail-parser/eml", ".eml")}) {
    for (const fs::path& file : files_in(folder, extension)) {
      SCOPED_TRACE(file);
      const std::string octets = octets_of(file);
      if (octets.size() > 1500) continue;
      for (std::size_t cut = 0; cut < octets.size(); ++cut)
        read_all_of(std::string_view(octets).substr(0, cut));
    }
  }
}

}  // namespace
}  // namespace ph::message
