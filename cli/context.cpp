#include <cstdio>

#include "cli/command.h"

namespace lectern::cli {

Paths Context::paths() const { return Paths::locate(home); }
Settings Context::settings() const { return load_settings(paths()); }

namespace {

std::string without_hash(const std::string& word) { return word.size() > 1 && word[0] == '#' ? word.substr(1) : word; }

}  // namespace

void add_job(CLI::App& command, std::string& job, const std::string& description) {
  command.add_option_function<std::string>("JOB", [&job](const std::string& word) { job = without_hash(word); },
                                           description)
      ->required();
}

void add_jobs(CLI::App& command, protocol::Selection& selection, const std::string& description) {
  command.add_option_function<std::vector<std::string>>(
      "JOB",
      [&selection](const std::vector<std::string>& words) {
        for (const std::string& word : words) selection.jobs.push_back(without_hash(word));
      },
      description);
}

void add_batch(CLI::App& command, protocol::Selection& selection) {
  command.add_option("--batch", selection.batch_id, "All jobs of this batch")->type_name("ID");
}

void print_json(const nlohmann::json& value) {
  const std::string text = value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  std::printf("%s\n", text.c_str());
}

}  // namespace lectern::cli
