// The settings of config.yaml, each with its default in place. Strict: an unknown key, a wrong type or a value out of
// range is a Fault(bad_input) that names file:line, the key, and the nearest known key or the allowed range.
// A missing file means the defaults. Environment: LECTERN_TEST_MODELS=1 sets test_models, LECTERN_LOG_LEVEL log_level.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/folder_settings.h"
#include "config/keep_alive.h"
#include "config/paths.h"
#include "config/reading.h"
#include "config/schedule_setting.h"
#include "config/window_setting.h"

namespace lectern {

struct Settings {
  // What a job gets when it says nothing else.
  std::string model = "kokoro-82m";
  std::string voice;             // empty: the model's default voice
  double speed = 1.0;            // 0.5 to 2.0
  std::string format = "flac";   // wav, flac, ogg, opus, mp3, m4b
  std::filesystem::path output;  // folder for finished files; empty: beside the script
  ReadingSettings skip;          // what of a script is not read

  // The form of finished works, of which a script, a folder or a submit may say otherwise. What is empty is not so.
  Delivery delivery = usual_delivery();

  // Seconds of silence after a segment, by what follows it; 0 to 30.
  struct Pauses {
    double clause = 0.08, sentence = 0.25, paragraph = 0.6, section = 1.2, chapter = 2.0;
  } pauses;

  // The worker of this machine.
  std::string device = "auto";                        // auto, cpu, cuda:N, or several with commas: a worker for each
  int threads = 0;                                    // processor threads for speech; 0: all cores
  std::string precision = "float32";                  // float32; bfloat16 or float16 where the engine offers it
  KeepAlive keep_alive;                               // keep the model this long after the last segment
  bool preload = false;                               // load `model` when the worker starts
  std::string memory_short = "wait";                  // a model that does not fit: wait, cpu (fall back to it), or fail
  std::uint64_t memory_reserve_bytes = 512u << 20;    // of the device, or the machine on cpu: never touched
  std::uint64_t idle_free_bytes = 256u << 20;         // an idle model goes while less than this is free; 0: never
  std::uint64_t engine_growth_bytes = 2'000'000'000;  // an engine that grew so much begins anew; 0: never
  double engine_timeout_s = 600;  // an engine that makes no progress for so long is killed; at least 10

  // The queue.
  int max_attempts = 3;                            // tries of one segment before it fails; 1 to 20
  std::uint64_t max_script_bytes = 20'000'000;     // larger scripts are refused; at most 200'000'000
  std::uint64_t disk_reserve_bytes = 500'000'000;  // work pauses while less is free where data or audio is written
  std::uint64_t takes_max_bytes = 20'000'000'000;  // takes that no unfinished job needs go, oldest first, beyond this
  double takes_max_days = 90;                      // ... and after so many days
  double max_model_wait_s = 600;                   // how long the loaded model may keep another model's jobs waiting

  // Workers of other machines.
  std::string listen;  // tcp://ADDRESS:PORT where they may come, by keys that are allowed; empty: no TCP at all

  // Nights.
  std::vector<WindowSetting> windows;     // hours in which work may run, each of its own name
  std::string window;                     // the window of jobs that name none; empty: any time
  std::filesystem::path reports;          // folder for a page about each window; empty: none
  bool inhibit_sleep = true;              // keep the machine awake while work runs
  std::vector<ScheduleSetting> schedules;  // each of its own name

  // Watched folders; those that `lectern folder add` made are kept in the database.
  std::vector<FolderSettings> folders;

  // What is run when a job ends and when the last job of a batch has ended; never fatal, empty: nothing.
  struct Hooks {
    std::string job, batch;  // shell commands: facts in the environment and as JSON on standard input
    std::string webhook;     // URL that gets the same JSON by POST, with retries
    double timeout_s = 60;   // a command or a POST that takes longer is ended; 0.1 to a day
  } hooks;

  // For tests and doubters.
  bool test_models = false;  // offers the model "sine", whose speech is tones

  std::string log_level = "info";  // trace, debug, info, warn, error, off
};

// Reads `paths.config_file()` if it exists and applies the environment.
Settings load_settings(const Paths& paths);
// The same from a given text; `name` stands in the messages.
Settings parse_settings(const std::string& yaml, const std::string& name);

// "cuda:0, cuda:1" as its words.
std::vector<std::string> device_list(const std::string& words);

// Every key that config.yaml may hold, in the order of config.example.yaml: "voice", "pauses.sentence", ...
std::vector<std::string> setting_keys();

}  // namespace lectern
