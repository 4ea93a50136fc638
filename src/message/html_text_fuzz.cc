// Input: HTML. Oracles: no crash, the answer's bound, no blank or line end at its ends; a preview
// is never longer than asked.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/html_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ph::message;
  const std::string_view html(reinterpret_cast<const char*>(data), size);
  const std::string text = html_to_text(html);
  if (text.size() > 20 * size + 64 || text.ends_with('\n')) std::abort();
  const std::string preview = preview_of(text, 256);
  if (preview.size() > 4 * 256 || preview.contains('\n')) std::abort();
  if (preview_of(preview, 256) != preview) std::abort();
  return 0;
}
