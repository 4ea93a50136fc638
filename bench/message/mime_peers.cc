// The question: how fast is a message taken apart beside GMime and mimetic, when the same is asked
// of each: the type, name and place of each part, and each header field decoded? Needs
// libgmime-3.0-dev and libmimetic-dev; bench/message/run.sh builds and runs it, and CPython's email
// beside it. And how much of it is the memory's speed? Rounds in turn and CPU time, so that what
// else the machine does hits all of them alike.
#include <gmime/gmime.h>
#include <mimetic/mimetic.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
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

/// The parts and the message's header found, nothing decoded.
void structure(std::string_view message, Found& found) {
  static ph::message::MimeTree tree;
  ph::message::parse_mime(message, tree);
  found.parts += tree.parts().size();
  found.fields += tree.header().fields().size();
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

/// The memory's own speed: every octet read, and every octet read and written.
void sum_octets(std::string_view message, Found& found) {
  std::uint64_t sum = 0;
  for (const char c : message) sum += static_cast<unsigned char>(c);
  asm volatile("" : "+r"(sum) : : "memory");  // it was asked for
  found.octets += sum;
}
void copy_octets(std::string_view message, Found& found) {
  static std::vector<char> copy;
  if (copy.size() < message.size()) copy.resize(message.size());
  std::memcpy(copy.data(), message.data(), message.size());
  asm volatile("" : : "r"(copy.data()) : "memory");
  found.octets += message.size();
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// One that is measured, and its megabytes a second of CPU time, round by round.
struct Runner {
  const char* name;
  void (*read)(std::string_view, Found&);
  std::vector<double> rates{};
  Found found{};
};

void run_once(Runner& runner, const std::vector<std::string>& mail, double octets) {
  constexpr double kSecondsMin = 0.2;
  runner.found = {};
  for (const std::string& one : mail) runner.read(one, runner.found);  // warms up, and is counted
  const Found once = runner.found;
  int passes = 0;
  const double begin = cpu_seconds();
  double spent = 0;
  do {
    for (const std::string& one : mail) runner.read(one, runner.found);
    ++passes;
    spent = cpu_seconds() - begin;
  } while (spent < kSecondsMin);
  runner.found = once;
  runner.rates.push_back(octets * passes / spent / 1e6);
}

double middle(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// Of the rates of `a` by those of `b`, each of one round.
std::vector<double> ratios(const Runner& a, const Runner& b) {
  std::vector<double> out;
  for (std::size_t i = 0; i < a.rates.size(); ++i) out.push_back(a.rates[i] / b.rates[i]);
  return out;
}

void print(const char* what, const std::vector<double>& values) {
  const auto [low, high] = std::ranges::minmax(values);
  std::printf("%s %.2f (%.2f-%.2f)\n", what, middle(values), low, high);
}

std::vector<std::string> read_mail(const char* folder) {
  std::vector<std::string> mail;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().filename() == "SOURCE.txt") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string octets((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (octets.starts_with("From ")) octets.erase(0, octets.find('\n') + 1);
    mail.push_back(std::move(octets));
  }
  return mail;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> mail = read_mail(argc > 1 ? argv[1] : "tests/corpus/spam-sample");
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 9;
  double octets = 0;
  for (const std::string& one : mail) octets += static_cast<double>(one.size());
  g_mime_init();
  std::printf("%zu messages, %.1f MB; MB/s of CPU time, median (least-most) of %d rounds in turn\n",
              mail.size(), octets / 1e6, rounds);
  std::vector<Runner> all = {{"posthouse", posthouse},   {"its tree", structure},
                             {"gmime", gmime},           {"mimetic", mimetic_},
                             {"sum octets", sum_octets}, {"memcpy", copy_octets}};
  for (int round = 0; round < rounds; ++round)
    for (Runner& one : all) run_once(one, mail, octets);
  for (const Runner& one : all) {
    const auto [low, high] = std::ranges::minmax(one.rates);
    std::printf("%-10s %9.1f (%.1f-%.1f)  %8.2f us a message  (%llu parts, %llu fields)\n",
                one.name, middle(one.rates), low, high,
                octets / static_cast<double>(mail.size()) / middle(one.rates),
                static_cast<unsigned long long>(one.found.parts),
                static_cast<unsigned long long>(one.found.fields));
  }
  print("times GMime:", ratios(all[0], all[2]));
  print("times mimetic:", ratios(all[0], all[3]));
  print("of reading every octet once:", ratios(all[0], all[4]));
  print("of memcpy:", ratios(all[0], all[5]));
  print("its tree, of memcpy:", ratios(all[1], all[5]));
}
