#include "cli/model_registry.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "config/fault.h"
#include "config/file.h"

namespace lectern::cli {
namespace {

std::string trimmed(const std::string& text) {
  const char* space = " \t\r\n\"'";
  const std::size_t first = text.find_first_not_of(space);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(space) - first + 1);
}

// The address if it is one, else empty.
std::string address(const std::string& text) {
  std::string url = trimmed(text);
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url.rfind("https://", 0) == 0 || url.rfind("http://", 0) == 0 ? url : "";
}

std::string from_environment() {
  for (const char* name : {"npm_config_registry", "NPM_CONFIG_REGISTRY"})
    if (const char* value = std::getenv(name); value && *value) {
      const std::string url = address(value);
      if (url.empty())
        throw Fault(Exit::bad_input, std::string(name) + " is not an address: '" + value + "'",
                    "set it to an address that begins with https://");
      return url;
    }
  return {};
}

std::string from_npm() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> npm(popen("npm config get registry 2>/dev/null", "re"),
                                                            &pclose);
  std::string text;
  char buffer[512];
  while (npm && std::fgets(buffer, sizeof buffer, npm.get())) text += buffer;
  return address(text);
}

std::string from_npmrc() {
  std::vector<std::filesystem::path> files = {".npmrc"};
  if (const char* home = std::getenv("HOME")) files.push_back(std::filesystem::path(home) / ".npmrc");
  files.push_back("/etc/npmrc");
  for (const auto& file : files) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) continue;
    std::istringstream lines(read_file(file));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t equals = line.find('=');
      if (equals == std::string::npos || trimmed(line.substr(0, equals)) != "registry") continue;
      if (const std::string url = address(line.substr(equals + 1)); !url.empty()) return url;
    }
  }
  return {};
}

}  // namespace

std::string npm_registry() {
  for (const auto& find : {from_environment, from_npm, from_npmrc})
    if (const std::string url = find(); !url.empty()) return url;
  throw Fault(Exit::not_found, "npm is not installed or configured, so that its registry is not known",
              "apt-get install npm, or set npm_config_registry to your registry's address");
}

std::string npm_tarball_url(Downloader& downloader, const std::string& registry, const std::string& package,
                            const std::string& version) {
  const std::string url = registry + "/" + package + "/" + version;
  const std::string answer = downloader.fetch_text(url);
  try {
    const std::string tarball = address(nlohmann::json::parse(answer).at("dist").at("tarball").get<std::string>());
    if (!tarball.empty()) return tarball;
  } catch (const nlohmann::json::exception&) {
  }
  throw Fault(Exit::bad_input, url + ": not the answer of an npm registry", "check npm's setting 'registry'");
}

}  // namespace lectern::cli
