// The question: how fast is a message taken apart beside GMime and mimetic, when the same is asked
// of each: the type, name and place of each part, and each header field decoded? Needs
// libgmime-3.0-dev and libmimetic-dev; bench/message/run.sh builds and runs it, and CPython's email
// beside it.
#include <gmime/gmime.h>
#include <mimetic/mimetic.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "message/content.h"
#include "message/header.h"
#include "message/mime_tree.h"

namespace {

/// What was found, so that nobody can leave anything out.
struct Found {
  std::uint64_t parts = 0, fields = 0, octets = 0, places = 0;
};

void posthouse(std::string_view message, Found& found) {
  static ph::message::MimeTree tree;
  static ph::message::Header header;
  static std::string buffer;
  ph::message::parse_mime(message, tree);
  for (const auto& part : tree.parts()) {
    ++found.parts;
    found.octets += part.type.size() + part.subtype.size() + ph::message::part_name(part).size();
    found.places += part.body + part.end;
    const bool is_root = part.parent == ph::message::MimePart::kNone;
    if (!is_root) ph::message::parse_header(tree.header_of(part), header);
    for (const auto& field : (is_root ? tree.header() : header).fields()) {
      ++found.fields;
      found.octets += ph::message::readable_value(field.value, buffer).size();
    }
  }
}

void add_gmime_object(GMimeObject* object, Found& found) {
  ++found.parts;
  GMimeContentType* type = g_mime_object_get_content_type(object);
  found.octets += std::strlen(g_mime_content_type_get_media_type(type)) +
                  std::strlen(g_mime_content_type_get_media_subtype(type));
  if (GMIME_IS_PART(object)) {
    const char* name = g_mime_part_get_filename(GMIME_PART(object));
    if (name != nullptr) found.octets += std::strlen(name);
    GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(object));
    if (content != nullptr) {
      GMimeStream* stream = g_mime_data_wrapper_get_stream(content);
      found.places += static_cast<std::uint64_t>(stream->bound_start + stream->bound_end);
    }
  }
  GMimeHeaderList* headers = g_mime_object_get_header_list(object);
  for (int i = 0; i < g_mime_header_list_get_count(headers); ++i) {
    const char* value = g_mime_header_get_value(g_mime_header_list_get_header_at(headers, i));
    ++found.fields;
    if (value != nullptr) found.octets += std::strlen(value);
  }
}

void add_gmime_parts(GMimeObject* object, Found& found) {
  add_gmime_object(object, found);
  if (GMIME_IS_MULTIPART(object)) {
    auto* multipart = GMIME_MULTIPART(object);
    for (int i = 0; i < g_mime_multipart_get_count(multipart); ++i)
      add_gmime_parts(g_mime_multipart_get_part(multipart, i), found);
  } else if (GMIME_IS_MESSAGE_PART(object)) {
    GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
    if (inner != nullptr && g_mime_message_get_mime_part(inner) != nullptr)
      add_gmime_parts(g_mime_message_get_mime_part(inner), found);
  }
}

void gmime(std::string_view message, Found& found) {
  GMimeStream* stream = g_mime_stream_mem_new_with_buffer(message.data(), message.size());
  GMimeParser* parser = g_mime_parser_new_with_stream(stream);
  GMimeMessage* parsed = g_mime_parser_construct_message(parser, nullptr);
  if (parsed != nullptr) {
    GMimeHeaderList* headers = g_mime_object_get_header_list(GMIME_OBJECT(parsed));
    for (int i = 0; i < g_mime_header_list_get_count(headers); ++i) {
      const char* value = g_mime_header_get_value(g_mime_header_list_get_header_at(headers, i));
      ++found.fields;
      if (value != nullptr) found.octets += std::strlen(value);
    }
    if (g_mime_message_get_mime_part(parsed) != nullptr)
      add_gmime_parts(g_mime_message_get_mime_part(parsed), found);
    g_object_unref(parsed);
  }
  g_object_unref(parser);
  g_object_unref(stream);
}

void add_mimetic_entity(mimetic::MimeEntity& entity, Found& found) {
  ++found.parts;
  auto& header = entity.header();
  found.octets += header.contentType().type().size() + header.contentType().subtype().size() +
                  header.contentDisposition().param("filename").size();
  for (auto& field : header) {
    ++found.fields;
    found.octets += field.value().size();  // it does not decode encoded words
  }
  for (mimetic::MimeEntity* part : entity.body().parts()) add_mimetic_entity(*part, found);
}

void mimetic_(std::string_view message, Found& found) {
  mimetic::MimeEntity entity;
  entity.load(message.begin(), message.end());
  add_mimetic_entity(entity, found);
}

std::uint64_t sum_octets(std::string_view message) {  // the memory's own speed
  std::uint64_t sum = 0;
  for (const char c : message) sum += static_cast<unsigned char>(c);
  asm volatile("" : "+r"(sum) : : "memory");  // it was asked for
  return sum;
}

template <class Read>
double measure(const char* name, const std::vector<std::string>& mail, Read read) {
  std::uint64_t octets = 0;
  for (const std::string& one : mail) octets += one.size();
  double best = 0;
  Found found;
  for (int turn = 0; turn < 7; ++turn) {
    found = {};
    int rounds = 0;
    const auto begin = std::chrono::steady_clock::now();
    std::chrono::duration<double> spent{};
    do {
      for (const std::string& one : mail) read(one, found);
      ++rounds;
      spent = std::chrono::steady_clock::now() - begin;
    } while (spent.count() < 0.3);
    best = std::max(best, static_cast<double>(octets) * rounds / spent.count() / 1e6);
    found.parts /= static_cast<std::uint64_t>(rounds);
    found.fields /= static_cast<std::uint64_t>(rounds);
  }
  std::printf("%-10s %9.0f MB/s %8.2f us a message  (%llu parts, %llu fields)\n", name, best,
              static_cast<double>(octets) / static_cast<double>(mail.size()) / best,
              static_cast<unsigned long long>(found.parts),
              static_cast<unsigned long long>(found.fields));
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> mail;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           argc > 1 ? argv[1] : "tests/corpus/spam-sample")) {
    if (!entry.is_regular_file() || entry.path().filename() == "SOURCE.txt") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string octets((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (octets.starts_with("From ")) octets.erase(0, octets.find('\n') + 1);
    mail.push_back(std::move(octets));
  }
  g_mime_init();
  std::printf("%zu messages\n", mail.size());
  const double ours = measure("posthouse", mail, posthouse);
  const double theirs = measure("gmime", mail, gmime);
  measure("mimetic", mail, mimetic_);
  const double memory = measure("read", mail, [](std::string_view message, Found& found) {
    found.octets += sum_octets(message);
  });
  std::printf("beside GMime: %.1f times; of reading every octet once: %.0f %%\n", ours / theirs,
              100 * ours / memory);
}
