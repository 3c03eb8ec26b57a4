// How it works: the caller of run() fetches a segment whenever a lane is idle and hands it over; the lanes never wait
// for the host themselves. So when one lane breaks (out of memory, a failed device) the others finish what they have,
// and run() throws as soon as the host gives it control again: the broken lane has given its own segment back as
// retryable, which brings the host to that.
#include "worker/kokoro/engine.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "config/fault.h"
#include "worker/engine_environment.h"
#include "worker/kokoro/block_cache.h"
#include "worker/kokoro/model.h"
#include "worker/kokoro/speaker.h"

namespace lectern::kokoro {

namespace {

constexpr int kMostDeviceLanes = 4;  // more do not fill a GPU better: its launches queue up
constexpr std::uint64_t kModelBytes = 700'000'000, kLaneBytes = 600'000'000, kKeptLaneBytes = 250'000'000;

int lanes_for(const EngineOptions& options, int threads) {
  if (options.most_lanes > 0) threads = std::min(threads, options.most_lanes);
  if (options.device != "cpu") return std::min(threads, kMostDeviceLanes);
  const std::uint64_t free = available_memory_bytes();
  const std::uint64_t fitting = free > kModelBytes ? (free - kModelBytes) / kLaneBytes : 0;
  return static_cast<int>(std::clamp<std::uint64_t>(fitting, 1, static_cast<std::uint64_t>(threads)));
}

// One segment on its way from the fetching thread to a lane.
class Handover {
 public:
  explicit Handover(int lanes) : idle_(lanes) {}

  // Waits for an idle lane; false when a lane has broken.
  bool wait_for_lane() {
    std::unique_lock hold(lock_);
    changed_.wait(hold, [this] { return idle_ > 0 || broken_; });
    return !broken_;
  }
  void give(SpeechRequest request) {
    const std::scoped_lock hold(lock_);
    --idle_;
    waiting_.push_back(std::move(request));
    changed_.notify_all();
  }
  void close() {
    const std::scoped_lock hold(lock_);
    closed_ = true;
    changed_.notify_all();
  }
  // The next segment of a lane; nullopt: there will be none.
  std::optional<SpeechRequest> take() {
    std::unique_lock hold(lock_);
    changed_.wait(hold, [this] { return !waiting_.empty() || closed_; });
    if (waiting_.empty()) return std::nullopt;
    SpeechRequest request = std::move(waiting_.back());
    waiting_.pop_back();
    return request;
  }
  void finished() {
    const std::scoped_lock hold(lock_);
    ++idle_;
    changed_.notify_all();
  }
  void broke(std::exception_ptr error) {
    const std::scoped_lock hold(lock_);
    if (!broken_) broken_ = error;
    changed_.notify_all();
  }
  std::exception_ptr broken() {
    const std::scoped_lock hold(lock_);
    return broken_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  int idle_;
  bool closed_ = false;
  std::exception_ptr broken_;
  std::vector<SpeechRequest> waiting_;
};

class KokoroEngine : public Engine {
 public:
  explicit KokoroEngine(const EngineOptions& options)
      : threads_(options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency())),
        lanes_(lanes_for(options, threads_)) {
    if (options.device == "cpu") keep_blocks(kKeptLaneBytes * lanes_);
    at::set_num_threads(threads_);                 // for loading
    at::globalContext().setAllowTF32CuDNN(false);  // float32 means float32
    speaker_ = std::make_unique<Speaker>(options);
  }

  EngineFacts facts() const override {
    return {.engine = "kokoro", .revision = kRevision, .sample_rate_hz = kSampleRateHz, .lanes = lanes_};
  }

  void run(SpeechHost& host) override {
    at::set_num_threads(std::max(1, threads_ / lanes_));
    Handover handover(lanes_);
    std::vector<std::jthread> lanes;
    for (int i = 0; i < lanes_; ++i) lanes.emplace_back([&] { lane(host, handover); });
    while (handover.wait_for_lane()) {
      auto request = host.next();
      if (!request) break;
      if (handover.broken()) break;  // whoever gave it sees that it has no answer
      handover.give(std::move(*request));
    }
    handover.close();
    lanes.clear();
    if (const auto error = handover.broken()) std::rethrow_exception(error);
  }

 private:
  void lane(SpeechHost& host, Handover& handover) {
    at::init_num_threads();
    const c10::InferenceMode inference;
    std::optional<c10::StreamGuard> stream;  // lanes on one device must not wait for each other
    if (!speaker_->device().is_cpu()) {
      stream.emplace(
          c10::impl::VirtualGuardImpl(speaker_->device().type()).getStreamFromGlobalPool(speaker_->device()));
    }
    while (auto request = handover.take()) {
      try {
        speak(host, *request);
      } catch (const std::exception& error) {
        if (!out_of_memory(error)) host.failed(request->ticket, {.retryable = true, .reason = error.what()});
        handover.broke(std::current_exception());
        return;
      }
      handover.finished();
    }
  }

  void speak(SpeechHost& host, const SpeechRequest& request) {
    try {
      host.spoken(request.ticket, speaker_->speak(request, [&] { return host.cancelled(request.ticket); }));
    } catch (const Cancelled&) {
    } catch (const Fault& fault) {
      host.failed(request.ticket, {.retryable = false, .reason = fault.what()});
    }
  }

  int threads_, lanes_;
  std::unique_ptr<Speaker> speaker_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(const EngineOptions& options) { return std::make_unique<KokoroEngine>(options); }

}  // namespace lectern::kokoro
