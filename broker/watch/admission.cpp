#include "broker/watch/admission.h"

#include <spdlog/spdlog.h>

#include "broker/store/database.h"
#include "broker/watch/sighting.h"
#include "config/fault_point.h"
#include "config/script_format.h"
#include "config/script_name.h"
#include "config/sha256.h"

namespace lectern::watch {
namespace {

namespace fs = std::filesystem;

// What makes two drops the same. `round` counts narrations of it that cannot be pointed at any more.
std::string job_id_of(const FolderSettings& folder, const Claimed& claimed, const NewJob& job, int round) {
  Sha256 hash;
  const std::string wished = fs::path(job.output).parent_path().string();
  for (const std::string& part : {folder.path.string(), claimed.name, sha256(job.script), job.model, job.voice,
                                  job.name, job.format, std::to_string(job.speed), wished, std::to_string(round)})
    hash.update(std::to_string(part.size()) + ":" + part);
  hash.update(job.cast + job.delivery + job.reading);
  return "drop-" + hash.finish().substr(0, 40);
}

}  // namespace

Intake::Checked Admission::checked(const FolderSettings& folder, Claimed& claimed) const {
  const fs::path script = folder.path / claimed.name;
  if (!claimed.problem.empty()) throw Fault(Exit::bad_input, claimed.problem, claimed.mend);
  Intake::Around around{folder.narration.script, {}};
  if (!claimed.sidecar_name.empty())
    around.beside = parse_script_settings(claimed.sidecar, (folder.path / claimed.sidecar_name).string());
  fs::path output = folder.narration.output;
  if (output.empty()) output = settings_.output;
  if (output.empty()) output = folder.path / kDone;
  protocol::Submit submit;
  submit.job_id = submit.batch_id = "drop-" + claimed.claim;  // until all that shapes them is known
  submit.batch_name = folder.path.filename().string();
  submit.script_name = script.string();
  submit.text_format = script_format_of(script);
  submit.output = (output / (script_title(claimed.name) + ".flac")).string();
  return intake_.read(submit, std::move(claimed.script), around);
}

Admission::Read Admission::read(const FolderSettings& folder, Claimed claimed) const {
  try {
    Intake::Checked read = checked(folder, claimed);
    return {std::move(claimed), std::move(read)};
  } catch (const Fault& fault) {
    return {std::move(claimed), fault};
  }
}

Admission::Outcome Admission::admit(const FolderSettings& folder, const Read& read, const std::string& batch_id) {
  const Claimed& claimed = read.claimed;
  try {
    if (const Fault* refusal = std::get_if<Fault>(&read.read)) throw Fault(*refusal);
    Intake::Checked checked = std::get<Intake::Checked>(read.read);
    checked.job.batch_id = batch_id;
    intake_.settle(checked);
    const std::uint64_t job = find_or_add(folder, claimed, std::move(checked.job));
    store_.add_drop({claimed.claim, folder.path.string(), claimed.name, job});
    fault_point("watch-drop-added");
    return {job, std::nullopt};
  } catch (const DatabaseFault&) {
    throw;
  } catch (const Fault& fault) {
    spdlog::warn("folder {}: {} is refused: {}", folder.path.string(), claimed.name, fault.what());
    return {0, Failure{fault.what(), fault.hint(), 0, {}}};
  }
}

std::uint64_t Admission::find_or_add(const FolderSettings& folder, const Claimed& claimed, NewJob job) {
  for (int round = 0;; ++round) {
    job.job_id = job_id_of(folder, claimed, job, round);
    const auto known = store_.find_job(job.job_id);
    if (!known) return intake_.add(job).number;
    const auto row = store_.job(*known);
    std::error_code error;
    if (row->state == JobState::cancelled || (row->state == JobState::done && !fs::exists(row->output, error)))
      continue;
    if (row->state == JobState::failed) store_.change(*known, JobEvent::retry);
    if (!store_.drop(claimed.claim)) store_.note(*known, "dropped again");
    spdlog::info("job {} dropped again: {}", *known, (folder.path / claimed.name).string());
    return *known;
  }
}

}  // namespace lectern::watch
