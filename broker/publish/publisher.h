// takes -> finished work: joins, pauses, levels, encodes, writes subtitles and the sidecar, and puts all in place.
//
// How it stays whole: everything is written beside the target under hidden names that the job's id fixes, synced, and
// renamed: the sidecar first, then subtitles, then the audio, then the folder is synced. The sidecar holds the job's id
// and the SHA-256 of every file, so a publish that a crash cut short is recognised and finished, never doubled. A work in
// chapters is one hidden folder that is renamed as a whole (chapter_folder.h).
// Nothing that is not ours is overwritten unless the job says so; the job's own earlier work is replaced as long as nobody
// changed it, and put back when the new one does not get there. Safe on any thread, one call a job at a time.
// Memory does not grow with the length of the audio: takes are read one by one and the encoder streams.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "broker/publish/tags.h"
#include "broker/text/segmenter.h"
#include "config/delivery.h"

namespace lectern::publish {

class FolderListing;

struct PublishedSegment {
  std::size_t index = 0;
  std::size_t begin = 0, end = 0;   // code points of the script
  std::string spoken;
  std::string voice;  // empty: the job's
  text::Break after = text::Break::sentence;
  std::optional<double> pause_s;  // none: what `after` stands for
  double speed = 1;               // a factor on the job's
  bool edited = false;            // its text is not the script's any more
  std::string take_key;
  std::uint64_t seed = 0;
  nlohmann::json notes = nlohmann::json::object();  // what the engine had to say about the take
};

struct PauseSettings {  // seconds of silence after a segment, by what follows
  double clause = 0.08, sentence = 0.25, paragraph = 0.6, section = 1.2, chapter = 2.0, end = 0.3;
};

struct PublishRequest {
  std::string job_id;                // the client-made id; in the sidecar and the staged names
  std::filesystem::path takes;       // the takes folder
  std::filesystem::path target;      // the wished audio file, with its extension; the folder, for a work by chapters
  bool overwrite = false;            // else a numbered name is used: "NAME (2).flac"
  std::uint64_t edition = 0;         // raised by every redo: the same takes in a later edition are another work
  std::string format = "flac";       // wav, flac, ogg, opus, mp3, m4b
  PauseSettings pauses;
  double leading_pause_s = 0;  // silence before the first segment
  std::vector<PublishedSegment> segments;
  std::vector<text::Unspoken> unspoken;
  std::string author;                  // empty: not known
  std::vector<text::Chapter> chapters;
  std::shared_ptr<const Cover> cover;  // that comes with the script; delivery.cover stands over it
  Delivery delivery;  // what it does not say: loudness as it was spoken, one file, no subtitles
  std::vector<std::string> problems;  // what of the script is not accounted for; told in the sidecar; empty: nothing
  nlohmann::json facts = nlohmann::json::object();  // copied into the sidecar: script, model, voice, settings, ...
};

struct Published {
  std::filesystem::path audio;      // where it stands now; the folder, for a work by chapters
  std::filesystem::path sidecar;    // NAME.json, or in that folder sidecar.json
  double seconds = 0;               // of audio
  std::uint64_t bytes = 0;          // of all audio files
  double peak = 0;                  // largest absolute sample
};

// Throws Fault (no_space, bad_input naming the folder, ...); then nothing of it is visible. `stop` is looked at between
// takes; when it turns true a Fault(internal, "stopped") is thrown the same way. `missing` is called with the key of
// each take that is not there or damaged before the Fault is thrown, so that it can be spoken again.
Published publish(const PublishRequest& request, const std::atomic<bool>& stop,
                  const std::function<void(const std::string& key)>& missing = {});

struct AudioFormat {
  std::string name, extension, description;  // "flac", ".flac", "FLAC, 24 bit"
};
const std::vector<AudioFormat>& audio_formats();
// The format of that name; nullptr when there is none.
const AudioFormat* find_format(const std::string& name);

// Throws Fault(bad_input) with the mend when the format cannot hold that rate (0: not known), or needs a program that
// is not there.
void require_format(const std::string& format, int sample_rate_hz = 0);

// `target` or, when that is taken on disk or by `taken`, the first free "STEM (2).EXT", "STEM (3).EXT", ... The names of
// its sidecar and subtitles (STEM.json, STEM.srt) must be free as well; a folder of chapters has them inside. `listing`
// may be given by those who ask often; then what came a few milliseconds ago may be overlooked.
std::filesystem::path free_name(const std::filesystem::path& target, const Delivery& delivery = {},
                                const std::function<bool(const std::filesystem::path&)>& taken = {},
                                FolderListing* listing = nullptr);

}  // namespace lectern::publish
