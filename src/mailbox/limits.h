// The named maxima of this room (docs/limits.md gives the reason for each number).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "store/store.h"

namespace ph::mailbox {

inline constexpr std::size_t kBlockMessagesMax = 128;
inline constexpr std::size_t kBlockOctetsMax = 60 << 10;  // rows of one block; a value takes 64 KiB
inline constexpr std::size_t kBlockOctetsFull = 48 << 10;  // such a block leaves the tail
inline constexpr std::size_t kPrefixOctetsMax = 8 << 10;
inline constexpr std::size_t kMessageIdOctetsMax = 998;  // longer ones are not kept
inline constexpr std::size_t kAccountIdOctetsMax = 100;
inline constexpr std::size_t kOnceOctetsMax = 200;
inline constexpr std::size_t kQueueIdOctetsMax = 100;

inline constexpr std::size_t kBatchDeliveriesMax = 128;
inline constexpr std::size_t kBatchRowOctetsMax = 384 << 10;
inline constexpr std::size_t kQueuedCallsMax = 1024;  // that wait for their turn at one account
inline constexpr int kCommitTriesMax = 6;             // after a conflict or an unknown outcome
inline constexpr std::size_t kOpenMailboxesMax = 4096;
inline constexpr std::size_t kEvictLooksMax = 64;  // idle candidates looked at to make room

inline constexpr std::uint64_t kModseqReserve = 1024;    // values reserved with one commit
inline constexpr std::size_t kPartitionKeysMax = 90000;  // then the next partition begins
inline constexpr std::uint32_t kPartitionsMax = 8192;    // of one mailbox
inline constexpr std::size_t kMailboxesMax = 10000;      // of one account

inline constexpr std::uint32_t kMarkerAgeDaysMax = 7;  // longer than anything stays in the queue
inline constexpr std::size_t kMarkersSweptPerBatchMax = 64;
inline constexpr std::size_t kMarkersSweptPerDropMax = 900;  // in a partition that is full

inline constexpr std::size_t kExpungeRowOctetsMax = 32 << 10;
inline constexpr std::size_t kExpungeAppendOctetsMax = 4 << 10;  // a row this large is left alone
inline constexpr std::uint64_t kExpungeRowsMax = 1024;           // older ones go, the floor rises
inline constexpr std::size_t kRewriteOctetsMax = 512 << 10;      // blocks rewritten in one batch
inline constexpr std::size_t kRewritePutsMax = 400;
inline constexpr std::size_t kScanBlocksPerPage = 16;

inline constexpr std::size_t kMaildropMessagesMax = 100000;  // shown in one session, oldest first
inline constexpr std::size_t kReadOctetsMax = 1 << 20;       // handed out by one read()
inline constexpr std::size_t kLinksAtOnceMax = 128;
inline constexpr std::chrono::milliseconds kStoreWaitMax{10000};

static_assert(kBlockOctetsMax + 64 <= store::Limits::value_octets);
static_assert(kPrefixOctetsMax * 2 < kBlockOctetsMax);
static_assert(kBatchRowOctetsMax + 2 * kBlockOctetsMax < store::Limits::batch_octets);
static_assert(kBatchDeliveriesMax + 1 <= store::Limits::checks);
// markers, folded tail blocks, swept markers, new blocks and the meta row in one batch
static_assert(kBatchDeliveriesMax + kBlockMessagesMax + kMarkersSweptPerBatchMax + 32 <
              store::Limits::mutations);

}  // namespace ph::mailbox
