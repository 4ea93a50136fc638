#include "codec/charset_table.h"

#include <unicode/ucnv.h>
#include <unicode/utf16.h>

#include <map>
#include <mutex>
#include <string>

namespace ph::codec {
namespace {

struct Close {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, Close>;

Converter open_strict(const char* name) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name, &error));
  if (U_FAILURE(error)) return nullptr;
  ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &error);
  return U_SUCCESS(error) ? std::move(converter) : nullptr;
}

/// The one character, or the two, that `octets` stand for.
char32_t character(UConverter& converter, std::string_view octets) {
  std::array<UChar, 8> units;
  UErrorCode error = U_ZERO_ERROR;
  ucnv_resetToUnicode(&converter);
  const int32_t count = ucnv_toUChars(&converter, units.data(), static_cast<int32_t>(units.size()),
                                      octets.data(), static_cast<int32_t>(octets.size()), &error);
  if (U_FAILURE(error)) return CharsetTable::kNone;
  if (count == 1 && !U16_IS_SURROGATE(units[0])) return units[0];
  if (count != 2) return CharsetTable::kNone;
  if (U16_IS_LEAD(units[0]) && U16_IS_TRAIL(units[1]))
    return static_cast<char32_t>(U16_GET_SUPPLEMENTARY(units[0], units[1]));
  if (units[0] >= 0x8000) return CharsetTable::kNone;
  return CharsetTable::kTwo | static_cast<char32_t>(units[0]) << 16 | units[1];
}

void fill_pairs(UConverter& converter, std::string_view before, std::vector<char32_t>& out,
                const std::array<char32_t, 256>& single) {
  out.assign((0x100 - CharsetTable::kLeadMin) * CharsetTable::kTrails, CharsetTable::kNone);
  for (unsigned lead = CharsetTable::kLeadMin; lead < 0x100; ++lead) {
    if (before.empty() && single[lead] != CharsetTable::kLead) continue;
    for (unsigned trail = CharsetTable::kTrailMin; trail < 0xff; ++trail) {
      std::string octets(before);
      octets.append({static_cast<char>(lead), static_cast<char>(trail)});
      out[(lead - CharsetTable::kLeadMin) * CharsetTable::kTrails +
          (trail - CharsetTable::kTrailMin)] = character(converter, octets);
    }
  }
}

std::unique_ptr<CharsetTable> make(const char* name) {
  const Converter converter = open_strict(name);
  if (converter == nullptr) return nullptr;
  const UConverterType type = ucnv_getType(converter.get());
  const bool is_single = ucnv_getMaxCharSize(converter.get()) == 1;
  const std::string_view wanted = name;
  const bool is_gb18030 = wanted == "gb18030", is_euc_jp = wanted.starts_with("euc-jp");
  if (!is_single && !is_gb18030 && !is_euc_jp &&
      !(type == UCNV_MBCS && ucnv_getMaxCharSize(converter.get()) == 2))
    return nullptr;

  auto table = std::make_unique<CharsetTable>();
  table->converter = name;
  table->longer = is_gb18030  ? CharsetTable::Longer::gb18030
                  : is_euc_jp ? CharsetTable::Longer::euc_jp
                              : CharsetTable::Longer::none;
  UErrorCode error = U_ZERO_ERROR;
  std::array<UBool, 256> starters{};
  if (!is_single) ucnv_getStarters(converter.get(), starters.data(), &error);
  for (unsigned octet = 0; octet < 0x100; ++octet) {
    const char c = static_cast<char>(octet);
    // ASCII is itself: some of ICU's converters exchange control characters, as IBM did.
    table->single[octet] = octet < 0x80 ? octet : character(*converter, {&c, 1});
    if (octet >= CharsetTable::kLeadMin && starters[octet])
      table->single[octet] = CharsetTable::kLead;
  }
  if (is_single) return table;
  // What is called GB 2312 or GBK may be Windows' code page 936.
  if (is_gb18030) table->single[0x80] = 0x20ac;
  fill_pairs(*converter, "", table->pairs, table->single);
  if (is_euc_jp) fill_pairs(*converter, "\x8f", table->triples, table->single);
  if (wanted.starts_with("ibm-1375")) {
    // Characters that are two of Unicode's, which ICU's table does not have.
    const auto put = [&table](unsigned trail, char32_t first, char32_t second) {
      table->pairs[(0x88 - CharsetTable::kLeadMin) * CharsetTable::kTrails +
                   (trail - CharsetTable::kTrailMin)] = CharsetTable::kTwo | first << 16 | second;
    };
    put(0x62, 0xca, 0x304);
    put(0x64, 0xca, 0x30c);
    put(0xa3, 0xea, 0x304);
    put(0xa5, 0xea, 0x30c);
  }
  return table;
}

}  // namespace

const CharsetTable* charset_table(const char* converter) {
  static std::mutex mutex;
  static auto* const tables = new std::map<std::string, std::unique_ptr<CharsetTable>>;
  const std::lock_guard lock(mutex);
  const auto [found, is_new] = tables->try_emplace(converter);
  if (is_new) found->second = make(converter);
  return found->second.get();
}

}  // namespace ph::codec
