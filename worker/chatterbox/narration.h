// The engine's loop: segments -> rows of T3 -> guards -> S3Gen -> guards -> takes.
//
// Rows are decoded together, one token a round; the place of a finished row goes to the next draw: first to another try
// of a segment in work, then to a new segment of the host. What is drawn is vocoded as soon as its tokens have passed.
// One thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "worker/chatterbox/s3gen/s3gen.h"
#include "worker/chatterbox/t3_decoder.h"
#include "worker/chatterbox/take_plan.h"
#include "worker/chatterbox/voices.h"
#include "worker/engine.h"

namespace lectern::chatterbox {

struct NarrationOptions {
  int64_t rows = 8;                  // decoded together
  std::size_t vocoded_together = 1;  // drawn rows that are waited for while others are decoded; more on devices
  int tries = kTries;
  SamplingSettings sampling = {};
};

// Text tokens that a segment may have; more is a text that the model was not made for.
inline constexpr int64_t kMostTextTokens = 400;

class Narration {
 public:
  // All are kept by reference.
  Narration(const T3& t3, const s3gen::S3Token2Wav& s3gen, const Tokenizer& tokenizer, Voices& voices,
            const NarrationOptions& options, SpeechHost& host);
  // Speaks until the host has no more.
  void run();

 private:
  struct Segment {
    SpeechRequest request;
    std::shared_ptr<const LoadedVoice> voice;
    TakePlan plan;
  };
  struct Row {  // one draw in the decoder
    std::uint64_t ticket = 0;
    Draw draw;
    Band band;
  };
  struct Waiting {  // to be vocoded: its tokens have passed
    std::uint64_t ticket = 0;
    Drawn drawn;
  };

  bool fill_rows();  // false: the host has no more, and nothing is in work
  void begin(SpeechRequest request);
  void admit(std::uint64_t ticket, Draw draw);
  void judge(SpeechTokens result);
  void vocode_waiting();
  void vocode(const std::vector<std::pair<std::uint64_t, Drawn*>>& together);
  void take_in(std::uint64_t ticket, Drawn drawn);
  void finish(std::uint64_t ticket, Segment& segment);
  void drop_cancelled();
  void forget(std::uint64_t ticket);
  template <typename Step>
  void guarded(std::uint64_t ticket, Step&& step);  // a Fault fails this segment alone

  const s3gen::S3Token2Wav& s3gen_;
  const Tokenizer& tokenizer_;
  const std::vector<std::string> tags_;
  Voices& voices_;
  const NarrationOptions options_;
  SpeechHost& host_;
  T3Decoder decoder_;
  std::map<std::uint64_t, Segment> segments_;  // by the host's ticket
  std::deque<std::pair<std::uint64_t, Draw>> wanted_;
  std::map<std::uint64_t, Row> rows_;  // by the decoder's ticket
  std::deque<Waiting> waiting_;
  std::uint64_t tickets_ = 0;
};

}  // namespace lectern::chatterbox
