#include "store/split_engine.h"

namespace ph::store {

class SplitEngine::Writer final : public BlobWriter {
 public:
  Writer(Engine& blobs, std::unique_ptr<BlobWriter> inner)
      : blobs_(blobs), inner_(std::move(inner)) {}
  BlobId id() const override { return inner_->id(); }
  Task<Result<Done>> write(std::string octets) override { return inner_->write(std::move(octets)); }
  Task<Result<BlobInfo>> seal(std::string holder) override {
    PH_CO_TRY(const BlobInfo info, co_await inner_->seal(std::move(holder)));
    PH_CO_TRY([[maybe_unused]] const Done durable, co_await blobs_.sync());
    co_return info;
  }

 private:
  Engine& blobs_;
  std::unique_ptr<BlobWriter> inner_;
};

Result<std::unique_ptr<BlobWriter>> SplitEngine::blob(std::optional<std::uint64_t> octets,
                                                      Opt opt) {
  PH_TRY(std::unique_ptr<BlobWriter> inner, blobs_->blob(octets, opt));
  return std::make_unique<Writer>(*blobs_, std::move(inner));
}

Task<Result<Done>> SplitEngine::link(BlobId id, std::string holder, Opt opt) {
  PH_CO_TRY([[maybe_unused]] const Done linked,
            co_await blobs_->link(std::move(id), std::move(holder), opt));
  auto durable = co_await blobs_->sync();
  co_return durable;
}

Task<Result<Done>> SplitEngine::unlink(BlobId id, std::string holder, Opt opt) {
  auto unlinked = co_await blobs_->unlink(std::move(id), std::move(holder), opt);
  co_return unlinked;  // lost with the power, the sweep does it again
}

}  // namespace ph::store
