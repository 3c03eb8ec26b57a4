// Every path that Lectern writes or looks for is built here.
//
// The XDG folders by default (config, data, state, cache, runtime); `--home DIR` or LECTERN_HOME puts all of them into
// one folder, so that several installations and tests never meet.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lectern {

class Paths {
 public:
  // `home` as given by --home; else LECTERN_HOME; else the XDG folders (HOME/.config, .local/share, .local/state,
  // .cache; runtime: XDG_RUNTIME_DIR or a 0700 folder in the temporary folder). Relative homes become absolute.
  // Throws Fault when neither HOME nor a home is known. Creates nothing.
  static Paths locate(const std::optional<std::filesystem::path>& home = std::nullopt);

  // The folder given as home, empty when the XDG folders are used.
  const std::filesystem::path& home() const { return home_; }

  std::filesystem::path config_file() const;      // config.yaml
  std::filesystem::path lexicon() const;          // lexicon.yaml: pronunciations for all jobs
  std::filesystem::path broker_key() const;       // keys/: pairs of keys for TCP, 0700
  std::filesystem::path worker_key() const;
  std::filesystem::path allowed_keys() const;     // workers of other machines that may come
  std::filesystem::path models() const;           // one folder a model, by name
  std::filesystem::path model(const std::string& name) const;
  std::filesystem::path voices() const;           // made from recordings: one folder a voice, by name
  std::filesystem::path voice(const std::string& name) const;
  std::filesystem::path downloads() const;        // unfinished downloads
  std::filesystem::path database() const;         // lectern.sqlite
  std::filesystem::path takes() const;            // takes/ab/HASH.flac
  std::filesystem::path broker_lock() const;      // held by the broker while it lives, names it
  std::filesystem::path log_file(const std::string& program) const;
  std::filesystem::path runtime() const;          // 0700, holds the sockets
  std::filesystem::path client_socket() const;
  std::filesystem::path worker_socket() const;
  std::filesystem::path engine_socket(long agent_pid, int serial) const;

 private:
  std::filesystem::path home_, config_, data_, state_, cache_, runtime_;
};

// A file that belongs to the installation (the model catalogue, ...): share/lectern beside the program's folder.
std::filesystem::path installed_file(const std::string& name);
// A program of ours that stands beside this one (bin/, then libexec/lectern/).
std::filesystem::path sibling_program(const std::string& name);
// A program of others that PATH leads to; empty: none.
std::filesystem::path find_program(const std::string& name);

// Creates a folder and its parents; `owner_only` makes the last one 0700 and refuses one of another user's.
void make_folder(const std::filesystem::path& folder, bool owner_only = false);
// "tcp://HOST:PORT"
bool is_tcp_address(const std::string& text);
// "ipc://PATH"; Fault when the path is longer than a socket address can be (107 bytes).
std::string ipc_endpoint(const std::filesystem::path& socket);

// "~/a" -> "/home/me/a"
std::string expand_home(const std::string& path);

}  // namespace lectern
