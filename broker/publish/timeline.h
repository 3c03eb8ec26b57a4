// Where everything of a job stands in its audio: the first of the publisher's two passes over the takes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "broker/publish/meter.h"
#include "broker/publish/publisher.h"

namespace lectern::publish {

struct Piece {
  std::size_t skipped = 0;                        // samples of the take before its speech
  std::int64_t start = 0, speech = 0, pause = 0;  // frames; start counts from the beginning of the file
};

struct Timeline {
  int sample_rate_hz = 0;
  std::int64_t leading = 0;  // frames of silence before the first segment
  std::int64_t frames = 0;
  double peak = 0;            // largest absolute sample of all speech
  Loudness spoken;            // integrated loudness and RMS, pauses too; only when loudness is to be changed
  std::vector<Piece> pieces;  // one a segment
};

// Reads every take once. Faults as publish() does.
Timeline measure(const PublishRequest& request, const std::atomic<bool>& stop,
                 const std::function<void(const std::string& key)>& missing);

// Reads the takes again and hands their speech, faded at the edges, on in order.
void replay(const PublishRequest& request, const Timeline& timeline, const std::atomic<bool>& stop,
            const std::function<void(const std::string& key)>& missing,
            const std::function<void(std::size_t index, std::span<float> speech)>& hand_on);

void check_stop(const std::atomic<bool>& stop);

}  // namespace lectern::publish
