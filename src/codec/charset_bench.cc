// The question: what does text cost on its way to UTF-8? Budget: ASCII and UTF-8 near the copy that
// it is; the CJK charsets of mail at least as fast as iconv (0.5 GB/s), so that none of them is a
// reason to decode less.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/charset.h"
#include "codec/encoded_word.h"
#include "codec/flowed.h"
#include "codec/utf7.h"
#include "codec/utf8.h"

namespace {
namespace codec = ph::codec;

constexpr std::string_view kAscii =
    "The quick brown fox jumps over the lazy dog, again and again.\r\n";
constexpr std::string_view kGerman =
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Deich.\r\n";
constexpr std::string_view kRussian = "Съешь ещё этих мягких французских булок, да выпей чаю.\r\n";
constexpr std::string_view kChinese = "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏\r\n";
constexpr std::string_view kJapanese = "いろはにほへとちりぬるを日本語の文章を読む\r\n";
constexpr std::string_view kKorean =
    "키스의 고유조건은 입술끼리 만나야 하고 특별한 기술은 필요치 않다\r\n";

std::string much(std::string_view line) {
  std::string out;
  while (out.size() < 64 * 1024) out += line;
  return out;
}

std::string in_charset(std::string_view text, std::string_view charset) {
  codec::CharsetEncoder encoder(charset);
  std::string out;
  encoder.feed(text, out);
  encoder.finish(out);
  return out;
}

void decode(benchmark::State& state, std::string_view charset, std::string_view line) {
  const std::string in = in_charset(much(line), charset);
  std::string out;
  codec::CharsetDecoder decoder(charset);
  for (auto _ : state) {
    out.clear();
    decoder.feed(in, out);
    decoder.finish(out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(in.size()) * state.iterations());
}
BENCHMARK_CAPTURE(decode, utf8_ascii, "utf-8", kAscii);
BENCHMARK_CAPTURE(decode, utf8_german, "utf-8", kGerman);
BENCHMARK_CAPTURE(decode, utf8_russian, "utf-8", kRussian);
BENCHMARK_CAPTURE(decode, utf8_chinese, "utf-8", kChinese);
BENCHMARK_CAPTURE(decode, windows_1252, "windows-1252", kGerman);
BENCHMARK_CAPTURE(decode, koi8_r, "koi8-r", kRussian);
BENCHMARK_CAPTURE(decode, gb2312, "gb2312", kChinese);
BENCHMARK_CAPTURE(decode, big5, "big5", kChinese);
BENCHMARK_CAPTURE(decode, shift_jis, "shift_jis", kJapanese);
BENCHMARK_CAPTURE(decode, euc_jp, "euc-jp", kJapanese);
BENCHMARK_CAPTURE(decode, euc_kr, "euc-kr", kKorean);
BENCHMARK_CAPTURE(decode, iso_2022_jp, "iso-2022-jp", kJapanese);
BENCHMARK_CAPTURE(decode, hz, "hz", kChinese);

void encode(benchmark::State& state, std::string_view charset, std::string_view line) {
  const std::string in = much(line);
  std::string out;
  codec::CharsetEncoder encoder(charset);
  for (auto _ : state) {
    out.clear();
    encoder.feed(in, out);
    encoder.finish(out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(in.size()) * state.iterations());
}
BENCHMARK_CAPTURE(encode, windows_1252, "windows-1252", kGerman);
BENCHMARK_CAPTURE(encode, gb18030, "gb18030", kChinese);
BENCHMARK_CAPTURE(encode, iso_2022_jp, "iso-2022-jp", kJapanese);

void validate_utf8(benchmark::State& state, std::string_view line) {
  const std::string in = much(line);
  for (auto _ : state) benchmark::DoNotOptimize(codec::utf8_prefix(in));
  state.SetBytesProcessed(static_cast<std::int64_t>(in.size()) * state.iterations());
}
BENCHMARK_CAPTURE(validate_utf8, ascii, kAscii);
BENCHMARK_CAPTURE(validate_utf8, german, kGerman);
BENCHMARK_CAPTURE(validate_utf8, russian, kRussian);
BENCHMARK_CAPTURE(validate_utf8, chinese, kChinese);

void subject(benchmark::State& state, std::string_view text) {
  const std::string header = codec::encode_encoded_words(text, codec::EncodedWordKind::text, 9);
  for (auto _ : state) {
    const std::string out = codec::decode_encoded_words(header);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(header.size()) * state.iterations());
}
BENCHMARK_CAPTURE(subject, ascii, kAscii.substr(0, 60));
BENCHMARK_CAPTURE(subject, german, kGerman.substr(0, kGerman.size() - 2));
BENCHMARK_CAPTURE(subject, chinese, kChinese.substr(0, kChinese.size() - 2));

void flowed(benchmark::State& state) {
  const std::string in = much("> The quick brown fox jumps over the lazy dog, again and \r\n");
  std::string out;
  codec::FlowedDecoder decoder(false);
  for (auto _ : state) {
    out.clear();
    decoder.feed(in, out);
    decoder.finish(out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(in.size()) * state.iterations());
}
BENCHMARK(flowed);
}  // namespace
