// Input: the value of a Content-* field. Oracles: what is read lies in the value; a boundary is no
// longer than its limit; what was read, written plainly, is read as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/content_type.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ph::message;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ContentValue value;
  parse_content_value(text, value);
  if (value.parameters.size() > kContentParametersMax) std::abort();
  std::string plain = std::string(value.type) + "/" + std::string(value.subtype);
  for (const auto& parameter : value.parameters) {
    const std::string said = unquoted(parameter);
    if (said.size() > parameter.value.size()) std::abort();
    plain += "; " + std::string(parameter.name) + "=\"";
    for (const char c : said) {
      if (c == '"' || c == '\\') plain += '\\';
      plain += c;
    }
    plain += '"';
  }
  if (content_type(value).boundary.size() > kBoundaryOctetsMax) std::abort();
  joined_parameters(value);
  parse_transfer_encoding(text);
  if (value.type.empty() || value.subtype.empty() || plain.find_first_of("\r\n") != plain.npos)
    return 0;
  ContentValue again;
  parse_content_value(plain, again);
  if (again.parameters.size() != value.parameters.size() || again.type != value.type) std::abort();
  for (std::size_t i = 0; i < again.parameters.size(); ++i) {
    if (again.parameters[i].name != value.parameters[i].name) std::abort();
    if (unquoted(again.parameters[i]) != unquoted(value.parameters[i])) std::abort();
  }
  return 0;
}
