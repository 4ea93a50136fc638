// Input: lines "name=value". Oracles: every name comes out once, in valid UTF-8; each value written
// as a parameter is made of short pieces of ASCII and comes back.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "codec/charset.h"
#include "codec/parameter.h"
#include "codec/utf8.h"

namespace {
namespace codec = ph::codec;

std::string unquoted(std::string_view text) {
  if (!text.starts_with('"')) return std::string(text);
  std::string out;
  text = text.substr(1, text.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) out.push_back(text[text[i] == '\\' ? ++i : i]);
  return out;
}

void write_and_read(std::string_view value) {
  std::vector<std::string> names, values;
  for (const std::string& piece : codec::encode_parameter("filename", value)) {
    if (piece.size() + 2 > codec::kParameterLineOctetsMax || !codec::is_ascii(piece)) std::abort();
    if (piece.find_first_of("\r\n") != piece.npos) std::abort();
    const std::size_t equals = piece.find('=');
    names.push_back(piece.substr(0, equals));
    values.push_back(unquoted(std::string_view(piece).substr(equals + 1)));
  }
  if (names.size() > codec::kParameterPiecesMax) return;
  std::vector<codec::RawParameter> raw;
  for (std::size_t i = 0; i < names.size(); ++i) raw.push_back({names[i], values[i]});
  const auto got = codec::join_parameters(raw);
  // A plain value that looks like encoded words is read as those.
  if (value.find("=?") != value.npos) return;
  if (got.size() != 1 || got[0].is_faulty || got[0].value != codec::to_utf8(value, "utf-8"))
    std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<codec::RawParameter> raw;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = std::min(line.find('='), line.size());
    raw.push_back({line.substr(0, equals), line.substr(std::min(equals + 1, line.size()))});
  }
  std::set<std::string> names;
  for (const codec::Parameter& one : codec::join_parameters(raw)) {
    if (!names.insert(one.name).second || !codec::is_utf8(one.value)) std::abort();
    write_and_read(one.value);
  }
  return 0;
}
