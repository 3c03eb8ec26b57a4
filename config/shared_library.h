// A shared library that is loaded when it is first needed, so that commands that do not need it start without it.
#pragma once

#include <string>

namespace lectern {

class SharedLibrary {
 public:
  // Loads it for the rest of the process. Throws Fault with `hint` when it is not installed.
  SharedLibrary(const std::string& file, const std::string& hint);
  // SymbolType is the declared function: library.get<decltype(curl_easy_init)>("curl_easy_init").
  template <typename Function>
  Function* get(const char* name) const {
    return reinterpret_cast<Function*>(symbol(name));
  }

 private:
  void* symbol(const char* name) const;
  std::string file_;
  void* handle_;
};

}  // namespace lectern
