#include "broker/protocol/curve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <sstream>

#include "config/fault.h"
#include "config/file.h"
#include "config/paths.h"

namespace lectern::protocol {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kTextBytes = 40, kBytes = 32;
constexpr int kEnforceDomain = 93;  // ZMQ_ZAP_ENFORCE_DOMAIN, which zmq.h shows to drafts only

// A public key that begins with a letter or a digit: people hand it to commands, for which '-' begins an option.
KeyPair new_keys() {
  char public_key[kTextBytes + 1], secret_key[kTextBytes + 1];
  do {
    if (zmq_curve_keypair(public_key, secret_key) != 0)
      throw Fault(Exit::internal, "this libzmq cannot make CURVE keys", "install libzmq5 of Debian");
  } while (!std::isalnum(static_cast<unsigned char>(public_key[0])));
  return {public_key, secret_key};
}

// Whole or not at all: two programs may make the file at the same time, and both must read the same pair.
void keep(const KeyPair& keys, const fs::path& file) {
  make_folder(file.parent_path(), true);
  const fs::path aside = file.string() + "." + std::to_string(getpid()) + ".tmp";
  const int descriptor = open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) throw system_fault("cannot create " + aside.string(), errno);
  close(descriptor);
  write_file(aside, "# A key of Lectern: keep the secret half secret\npublic " + keys.public_key + "\nsecret " +
                        keys.secret_key + "\n");
  const int linked = link(aside.c_str(), file.c_str());
  const int error = errno;
  unlink(aside.c_str());
  if (linked != 0 && error != EEXIST) throw system_fault("cannot create " + file.string(), error);
}

KeyPair read_keys(const fs::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0)
    throw Fault(Exit::bad_input, "others can read the secret key in " + file.string(), "chmod 600 " + file.string());
  std::istringstream lines(read_file(file));
  KeyPair keys;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("public ")) keys.public_key = line.substr(7);
    if (line.starts_with("secret ")) keys.secret_key = line.substr(7);
  }
  char derived[kTextBytes + 1];
  if (!is_key(keys.secret_key) || zmq_curve_public(derived, keys.secret_key.c_str()) != 0 || keys.public_key != derived)
    throw Fault(Exit::bad_input, file.string() + " holds no pair of keys",
                "remove it: the next command makes a new pair, whose public half other machines must be told");
  return keys;
}

}  // namespace

bool is_key(const std::string& text) {
  std::uint8_t bytes[kBytes];
  return text.size() == kTextBytes && zmq_z85_decode(bytes, text.c_str()) != nullptr;
}

KeyPair own_keys(const fs::path& file) {
  if (!fs::exists(file)) keep(new_keys(), file);
  return read_keys(file);
}

void require_keys(zmq::socket_t& socket, const KeyPair& own, const std::string& domain) {
  const int enforce = 1;
  if (zmq_setsockopt(socket.handle(), kEnforceDomain, &enforce, sizeof enforce) != 0)
    throw Fault(Exit::internal, "this libzmq cannot check keys strictly", "install libzmq5 4.3 or later");
  socket.set(zmq::sockopt::zap_domain, domain);
  socket.set(zmq::sockopt::curve_server, true);
  socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
}

void use_keys(zmq::socket_t& socket, const KeyPair& own, const std::string& server) {
  socket.set(zmq::sockopt::curve_serverkey, server);
  socket.set(zmq::sockopt::curve_publickey, own.public_key);
  socket.set(zmq::sockopt::curve_secretkey, own.secret_key);
}

std::string key_text(const std::string& bytes) {
  char text[kTextBytes + 1];
  if (bytes.size() != kBytes ||
      !zmq_z85_encode(text, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()))
    return {};
  return text;
}

}  // namespace lectern::protocol
