#include "message/embedded.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "codec/binhex.h"
#include "codec/uuencode.h"
#include "codec/yenc.h"

namespace ph::message {
namespace {

using Found = std::optional<EmbeddedFile>;

Found find_one(EmbeddedCoding coding, std::string_view text) {
  switch (coding) {
    case EmbeddedCoding::uuencode:
      if (auto f = codec::find_uuencoded(text))
        return EmbeddedFile{coding, f->begin, f->end, std::move(f->file.name), f->whole};
      break;
    case EmbeddedCoding::binhex:
      if (auto f = codec::find_binhex(text))
        return EmbeddedFile{coding, f->begin, f->end, std::move(f->name), f->whole};
      break;
    case EmbeddedCoding::yenc:
      if (auto f = codec::find_yenc(text))
        return EmbeddedFile{coding, f->begin, f->end, std::move(f->part.name), f->whole};
      break;
  }
  return std::nullopt;
}

/// The next file of one coding; looked for again only when another file reaches into it.
struct Search {
  EmbeddedCoding coding;
  Found next;
  bool is_over = false;

  void look(std::string_view text, std::size_t from) {
    if (is_over || (next && next->begin >= from)) return;
    next = find_one(coding, text.substr(from));
    is_over = !next;
    if (!next) return;
    next->begin += from;
    next->end += from;
  }
};

}  // namespace

std::vector<EmbeddedFile> find_embedded(std::string_view text) {
  std::array<Search, 3> searches = {Search{EmbeddedCoding::uuencode, {}},
                                    Search{EmbeddedCoding::binhex, {}},
                                    Search{EmbeddedCoding::yenc, {}}};
  std::vector<EmbeddedFile> out;
  for (std::size_t at = 0; out.size() < kEmbeddedFilesMax;) {
    Search* first = nullptr;
    for (Search& search : searches) {
      search.look(text, at);
      const bool is_first =
          search.next && (first == nullptr || search.next->begin < first->next->begin);
      if (is_first) first = &search;
    }
    if (first == nullptr) break;
    at = std::max(first->next->end, first->next->begin + 1);
    out.push_back(std::move(*std::exchange(first->next, std::nullopt)));
  }
  return out;
}

std::unique_ptr<codec::Stream> embedded_decoder(EmbeddedCoding coding) {
  switch (coding) {
    case EmbeddedCoding::binhex:
      return std::make_unique<codec::BinHexDecoder>(codec::BinHexFork::data);
    case EmbeddedCoding::yenc: return std::make_unique<codec::YencDecoder>();
    case EmbeddedCoding::uuencode: break;
  }
  return std::make_unique<codec::UuDecoder>();
}

}  // namespace ph::message
