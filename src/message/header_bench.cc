// The question: does reading a header cost less than fetching it from memory? Budget: 5 GB/s. The
// streaming scan is in the path of every message that is accepted, and has the same budget.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "message/header.h"
#include "message/header_scan.h"

namespace {

/// A header of today: a few hops, two signatures, the large providers' additions.
std::string header_of_today() {
  std::string out = "Return-Path: <bounces+71239-a1b2-reader=example.org@em.example.com>\r\n";
  for (int hop = 0; hop < 4; ++hop) {
    out +=
        "Received: from mail-oi1-f179.example.com (mail-oi1-f179.example.com [192.0.2.179])\r\n"
        "        by mx.example.org (Postfix) with ESMTPS id 4XyZab1cD2z9rxW\r\n"
        "        for <reader@example.org>; Mon, 06 Jan 2025 10:11:12 +0000 (UTC)\r\n";
  }
  for (int signature = 0; signature < 2; ++signature) {
    out +=
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=20230601;\r\n"
        "        t=1736158272; x=1736763072; darn=example.org; h=to:subject:message-id:date\r\n"
        "         :from:mime-version:from:to:cc:subject:date:message-id:reply-to;\r\n"
        "        bh=fdkeB/A0FkbVP2k4J4pNPoeWH6vqBm9+b0C3OY87Cw8=;\r\n";
    for (int line = 0; line < 5; ++line)
      out += "        b=hGW5dZ8dMYl0cS0cY2vvMZ1X9f4bq4Xc9m6c5ZyJ1w0iPqk1n0hN0yY4gX3s7RrV2k\r\n";
  }
  out +=
      "X-Received: by 2002:a05:6808:1a01:b0:3eb:5d13:6c2 with SMTP id x1-5b6mr12345678.9;\r\n"
      "        Mon, 06 Jan 2025 02:11:12 -0800 (PST)\r\n"
      "MIME-Version: 1.0\r\nFrom: \"A. Sender\" <sender@example.com>\r\n"
      "Date: Mon, 6 Jan 2025 10:11:11 +0000\r\n"
      "Message-ID: <CAJ7x1=_2Lq9vQe8s@mail.example.com>\r\n"
      "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus_dem_Posthaus?= and what else there is\r\n"
      "To: Reader <reader@example.org>\r\n"
      "Content-Type: multipart/alternative; boundary=\"000000000000a1b2c3d4e5f6a7b8\"\r\n\r\n";
  return out;
}

void read_header(benchmark::State& state) {
  const std::string octets = header_of_today();
  ph::message::Header header;
  for (auto _ : state) {
    ph::message::parse_header(octets, header);
    benchmark::DoNotOptimize(header.fields().data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(octets.size()) * state.iterations());
}
BENCHMARK(read_header);

void scan_header(benchmark::State& state) {
  const std::string octets = header_of_today();
  for (auto _ : state) {
    ph::message::HeaderScan scan;
    scan.feed(octets);
    benchmark::DoNotOptimize(scan.header_octets());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(octets.size()) * state.iterations());
}
BENCHMARK(scan_header);

}  // namespace
