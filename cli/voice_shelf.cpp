#include "cli/voice_shelf.h"

#include "broker/protocol/wire.h"
#include "cli/local_broker.h"
#include "config/quantity.h"
#include "cli/voice_making.h"
#include "config/fault.h"
#include "config/file.h"
#include "config/spelling.h"

namespace lectern::cli {
namespace {

namespace fs = std::filesystem;

// How many unfinished jobs speak with it. A home without a database has none.
std::uint64_t jobs_with(const Context& context, const std::string& voice) {
  const Paths paths = context.paths();
  if (!fs::exists(paths.database())) return 0;
  Connection connection = LocalBroker(paths).connect_or_start();
  protocol::Status status;
  status.selection.all = true;
  std::uint64_t count = 0;
  for (const protocol::JobView& job : connection.ask<protocol::Jobs>(status).jobs)
    count += job.voice == voice && job.state != "done" && job.state != "failed" && job.state != "cancelled";
  return count;
}

void check_idle(const Context& context, const std::string& name) {
  if (const std::uint64_t jobs = jobs_with(context, name); jobs > 0)
    throw Fault(Exit::bad_input, count(jobs, "unfinished job") + " must be spoken by the voice '" + name + "'",
                "wait for the jobs, or cancel them: lectern status");
}

}  // namespace

RecordedVoice require_recorded_voice(const Paths& paths, const std::string& name) {
  if (auto voice = recorded_voice(paths, name)) return *voice;
  std::vector<std::string> names;
  for (const RecordedVoice& voice : recorded_voices(paths)) names.push_back(voice.name);
  const std::string near = nearest_word(name, names);
  throw Fault(Exit::not_found, "there is no voice '" + name + "' that was made from a recording",
              (near.empty() ? "" : "did you mean '" + near + "'? ") + std::string("all voices: lectern voice list"));
}

void remove_voice(const Context& context, const std::string& name) {
  const Paths paths = context.paths();
  std::error_code error;
  // One whose record is damaged can be removed all the same.
  if (std::error_code none;
      name.find('/') != std::string::npos || name[0] == '.' || !fs::exists(paths.voice(name), none))
    require_recorded_voice(paths, name);
  check_idle(context, name);
  const fs::path leaving = paths.voices() / (".old-" + name);  // gone from the list in one step
  fs::remove_all(leaving, error);
  fs::rename(paths.voice(name), leaving, error);
  if (error) throw system_fault("cannot remove " + paths.voice(name).string(), error.value());
  fs::remove_all(leaving, error);
  if (error) throw system_fault("cannot remove " + leaving.string(), error.value());
}

void rename_voice(const Context& context, const std::string& from, const std::string& to) {
  const Paths paths = context.paths();
  require_recorded_voice(paths, from);
  VoiceMaking(paths, context.settings()).check_free(to);
  check_idle(context, from);
  std::error_code error;
  fs::rename(paths.voice(from), paths.voice(to), error);
  if (error) throw system_fault("cannot rename " + paths.voice(from).string(), error.value());
  sync_to_disk(paths.voices());
}

fs::path export_voice(const Paths& paths, const std::string& name, const fs::path& to) {
  const RecordedVoice voice = require_recorded_voice(paths, name);
  std::error_code error;
  const fs::path file = fs::is_directory(to, error) ? to / (voice.name + ".flac") : to;
  if (fs::exists(file, error)) throw Fault(Exit::bad_input, file.string() + " exists", "give another name");
  write_file(file, read_file(paths.voice(name) / kVoiceRecording));
  return file;
}

}  // namespace lectern::cli
