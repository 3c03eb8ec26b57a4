#include "cli/command.h"

namespace lectern::cli {

Paths Context::paths() const { return Paths::locate(home); }
Settings Context::settings() const { return load_settings(paths()); }

}  // namespace lectern::cli
