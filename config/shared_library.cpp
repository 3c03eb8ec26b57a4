#include "config/shared_library.h"

#include <dlfcn.h>

#include "config/fault.h"

namespace lectern {

SharedLibrary::SharedLibrary(const std::string& file, const std::string& hint)
    : file_(file), handle_(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!handle_) throw Fault(Exit::not_found, "cannot load a library: " + std::string(dlerror()), hint);
}

void* SharedLibrary::symbol(const char* name) const {
  void* found = dlsym(handle_, name);
  if (!found) throw Fault(Exit::not_found, file_ + " has no function " + name, "install the version of Debian 12");
  return found;
}

}  // namespace lectern
