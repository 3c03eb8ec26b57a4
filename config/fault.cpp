#include "config/fault.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

namespace lectern {

std::string describe(const Fault& fault) {
  std::string text = std::string("error: ") + fault.what() + "\n";
  if (!fault.hint().empty()) text += "hint: " + fault.hint() + "\n";
  return text;
}

Fault system_fault(const std::string& what, int error_number) {
  std::string text = what + ": " + std::strerror(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return {Exit::no_space, text, "free some space there, or choose another folder"};
    case ENOMEM:
      return {Exit::no_space, text, "close other programs, or use a machine with more memory"};
    case ENOENT:
      return {Exit::not_found, text, "check the name"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Exit::bad_input, text, "check the permissions of the file and its folder"};
    default:
      return {Exit::bad_input, text};
  }
}

int run_main(int (*body)(int, char**), int argc, char** argv) {
  try {
    return body(argc, argv);
  } catch (const Fault& fault) {
    std::fputs(describe(fault).c_str(), stderr);
    return static_cast<int>(fault.exit());
  } catch (const std::bad_alloc&) {
    std::fputs("error: out of memory\nhint: close other programs, or use a machine with more memory\n", stderr);
    return static_cast<int>(Exit::no_space);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "error: internal fault: %s\nhint: please report this with the log file\n", e.what());
    return static_cast<int>(Exit::internal);
  }
}

}  // namespace lectern
