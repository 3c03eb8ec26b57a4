// A catalogue of one tiny model, a server that has its files as a hub and as an npm registry, and a home of its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "cli/model_pull.h"
#include "config/catalogue.h"
#include "config/fault.h"
#include "tests/cli/fault_server.h"

namespace lectern::cli {

class ModelFixture : public testing::Test {
 protected:
  ModelFixture();
  ~ModelFixture() override;

  // The tiny model with the given bytes; its other files stay the same.
  CatalogueModel model_with(const std::string& net) const;
  Pulled pull(const std::string& from = "", bool force = false);
  Fault refusal(const std::string& from = "");
  bool installed() const;  // looks installed, and every byte is right
  bool looks_installed() const;
  InstalledModel record() const { return installed_model(paths_, model_).value(); }
  std::filesystem::path in_model(const std::string& path) const { return paths_.model("tiny") / path; }

  // The hub and the registry with all files; `answer` may change what is answered for a path.
  void serve(std::function<void(const std::string& path, FaultAnswer&)> answer = {});
  // Makes an npm package of these files (path in the package -> bytes) and returns its .tgz.
  std::filesystem::path package(const std::map<std::string, std::string>& files,
                                const std::string& name = "package.tgz");
  std::map<std::string, std::string> package_files() const;
  // Writes files under a folder of the home, and returns it.
  std::filesystem::path folder_with(const std::string& name, const std::map<std::string, std::string>& files);

  std::filesystem::path home_;
  Paths paths_;
  std::string net_, anna_, bert_, tarball_;
  std::vector<std::string> said_;
  FaultServer server_;
  CatalogueModel model_;
};

// The bytes of a file of the tests: they differ everywhere and by seed.
std::string test_bytes(std::size_t count, unsigned seed);

}  // namespace lectern::cli
