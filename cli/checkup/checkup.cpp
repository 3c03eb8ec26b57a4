#include "cli/checkup/checkup.h"

#include <algorithm>

#include "config/fault.h"

namespace lectern::cli {

const Checkup::Check Checkup::kChecks[] = {
    {"config", &Checkup::config},       {"folders", &Checkup::folders},       {"space", &Checkup::space},
    {"sockets", &Checkup::sockets},     {"broker", &Checkup::broker},         {"programs", &Checkup::programs},
    {"libraries", &Checkup::libraries}, {"espeak", &Checkup::espeak},         {"ffmpeg", &Checkup::ffmpeg},
    {"device", &Checkup::device},       {"memory", &Checkup::memory},         {"model", &Checkup::model},
    {"voice", &Checkup::voice},         {"recordings", &Checkup::recordings}, {"time zone", &Checkup::time_zone},
};

const std::vector<Finding>& Checkup::run() {
  for (const Check& check : kChecks) {
    current_ = check.name;
    try {
      (this->*check.look)();
    } catch (const Fault& fault) {  // what a check did not expect
      error("check-failed", fault.what(), fault.hint());
    } catch (const std::exception& e) {
      error("check-failed", e.what());
    }
  }
  return findings_;
}

void Checkup::ok(const std::string& found, const std::string& mend) {
  findings_.push_back({Level::ok, current_, "", found, mend});
}

void Checkup::warning(const std::string& code, const std::string& found, const std::string& mend) {
  add(Level::warning, code, found, mend);
}

void Checkup::error(const std::string& code, const std::string& found, const std::string& mend) {
  add(Level::error, code, found, mend);
}

void Checkup::add(Level level, const std::string& code, const std::string& found, const std::string& mend) {
  if (std::find(std::begin(kCodes), std::end(kCodes), code) == std::end(kCodes))
    throw std::logic_error("no documented code: " + code);
  const bool told = std::any_of(findings_.begin(), findings_.end(),
                                [&](const Finding& f) { return f.code == code && f.found == found; });
  if (!told) findings_.push_back({level, current_, code, found, mend});  // one cause may show in several places
}

}  // namespace lectern::cli
