#include "worker/chatterbox/voice_program.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "config/fault.h"
#include "config/file.h"
#include "config/log.h"
#include "config/recorded_voice.h"
#include "config/sha256.h"
#include "worker/audio/examination.h"
#include "worker/audio/recording.h"
#include "worker/audio/resample.h"
#include "worker/chatterbox/enrolment/kept_conditionals.h"
#include "worker/chatterbox/s3gen/s3gen.h"
#include "worker/engine_environment.h"

namespace lectern::chatterbox {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr double kMostNamed_s = 30;  // of a part that the user named

struct Arguments {
  std::string recording, folder, model_folder;
  std::optional<double> start_s, length_s;
  bool as_is = false;
  int threads = 0;
};

std::optional<Arguments> read_arguments(int argc, char** argv, int& exit) {
  CLI::App app("lectern-engine voice: looks at a recording and makes a voice of it; started by lectern.");
  Arguments a;
  app.add_option("--recording", a.recording, "what to look at")->required();
  app.add_option("--start", a.start_s, "of the part to use, in seconds");
  app.add_option("--length", a.length_s, "of the part to use, in seconds");
  app.add_option("--folder", a.folder, "where the voice is made");
  app.add_flag("--as-is", a.as_is, "the file is one that was exported");
  app.add_option("--model-folder", a.model_folder, "the model for which conditionals are made");
  app.add_option("--threads", a.threads, "processor threads; 0: all cores");
  try {
    app.parse(argc, argv);
    return a;
  } catch (const CLI::ParseError& e) {
    exit = app.exit(e) == 0 ? 0 : static_cast<int>(Exit::usage);
    return std::nullopt;
  }
}

// The environment is read when libtorch starts: set it and start again.
void restart_with_environment(int threads, char** argv) {
  constexpr char kStarted[] = "LECTERN_VOICE_PROGRAM_STARTED";
  if (std::getenv(kStarted) != nullptr) return;
  for (const auto& [name, value] : engine_environment("cpu", threads)) setenv(name.c_str(), value.c_str(), 1);
  setenv(kStarted, "1", 1);
  execv("/proc/self/exe", argv);  // argv[-1] is the program's name, argv[0] "voice"
}

std::optional<audio::Part> part_of(const Arguments& a) {
  if (!a.start_s && !a.length_s) return std::nullopt;
  const audio::Part part{a.start_s.value_or(0), a.length_s.value_or(audio::kMostSeconds)};
  if (part.start_s < 0) throw Fault(Exit::usage, "--start must not be negative");
  if (!(*part.length_s > audio::kLeastSeconds && *part.length_s <= kMostNamed_s)) {
    throw Fault(Exit::usage, "--length must be more than 5 and at most 30 seconds", "10 to 15 are best");
  }
  return part;
}

json json_of(const audio::Recording& recording, const audio::Examination& e, double offset_s) {
  return {{"verdict", e.verdict()},         {"kind", recording.kind},         {"seconds", recording.seconds},
          {"rate_hz", recording.rate_hz},   {"channels", recording.channels}, {"start_s", offset_s + e.start_s},
          {"length_s", e.length_s},         {"peak_dbfs", e.peak_dbfs},       {"speech_dbfs", e.speech_dbfs},
          {"noise_dbfs", e.noise_dbfs},     {"speech_share", e.speech_share}, {"clipped_share", e.clipped_share},
          {"voiced_share", e.voiced_share}, {"reasons", e.reasons},           {"advice", e.advice}};
}

// What is made here has the voice's rate and one channel, and may be as long as a part that a user names.
void check_exported(const fs::path& file, const audio::Recording& recording) {
  if (recording.kind == "FLAC" && recording.channels == 1 && recording.rate_hz == s3gen::kSampleRateHz &&
      recording.seconds > audio::kLeastSeconds && recording.seconds <= kMostNamed_s) {
    return;
  }
  throw Fault(Exit::bad_input, file.string() + " is not an exported voice (FLAC, mono, 24000 Hz, 5 to 30 s)",
              "make a voice of a recording: lectern voice add NAME " + file.string());
}

void write_voice(const Arguments& a, const audio::Recording& recording, const audio::Examination& examination,
                 const json& figures) {
  const fs::path folder = a.folder, file = folder / kVoiceRecording;
  if (a.as_is) {
    write_file(file, read_file(a.recording));
  } else {
    const std::vector<float> stretch = audio::stretch_of(recording, examination);
    audio::write_flac(file, audio::resampled(stretch, recording.rate_hz, s3gen::kSampleRateHz), s3gen::kSampleRateHz);
    sync_to_disk(file);
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  RecordedVoice voice;
  voice.recording_sha256 = sha256_file(file);
  voice.source = fs::path(a.recording).filename().string();
  voice.added_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  voice.examination = figures;
  write_recorded_voice(folder, voice);
}

}  // namespace

int voice_program(int argc, char** argv) {
  int exit = 0;
  const auto arguments = read_arguments(argc, argv, exit);
  if (!arguments) return exit;
  restart_with_environment(arguments->threads, argv - 1);
  start_log("lectern-engine", {}, "warn");
  const auto part = part_of(*arguments);
  const audio::Recording recording = audio::read_recording(arguments->recording, part);
  if (arguments->as_is) check_exported(arguments->recording, recording);
  const audio::Examination examination = audio::examine(recording, part.has_value() || arguments->as_is);
  json answer = json_of(recording, examination, part ? part->start_s : 0);
  answer["usable"] = examination.usable();
  if (examination.usable() && !arguments->folder.empty()) {
    write_voice(*arguments, recording, examination, answer);
    if (!arguments->model_folder.empty()) {
      const c10::InferenceMode inference;
      const auto start = std::chrono::steady_clock::now();
      if (arguments->threads > 0) at::set_num_threads(arguments->threads);
      enrolment::kept_conditionals(arguments->folder, arguments->model_folder);
      answer["enrolment_s"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    sync_to_disk(arguments->folder);
  }
  std::printf("%s\n", answer.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  return 0;
}

}  // namespace lectern::chatterbox
