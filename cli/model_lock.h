// Keeps two commands from changing one model at the same time. Held until destroyed; a killed process holds nothing.
#pragma once

#include <functional>
#include <string>

#include "config/paths.h"

namespace lectern::cli {

class ModelLock {
 public:
  // Waits while another holds it, after telling `say` who does.
  ModelLock(const Paths& paths, const std::string& model, const std::function<void(const std::string&)>& say);
  ~ModelLock();
  ModelLock(const ModelLock&) = delete;
  ModelLock& operator=(const ModelLock&) = delete;

 private:
  int file_;
};

}  // namespace lectern::cli
