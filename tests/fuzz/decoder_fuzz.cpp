// Whatever a peer sends is either understood or refused with a Fault; what is understood survives being sent on.
//
// The input's frames are separated by the byte 0x1e.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "broker/protocol/wire.h"

namespace protocol = lectern::protocol;

namespace {

void require(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

template <class T>
void read_as(const protocol::Message& message) {
  protocol::Message same = message;
  same.type = T::kType;
  try {
    const T value = protocol::parse<T>(same);
    const protocol::Frames frames = protocol::encode(value, message.request, message.payload);
    const protocol::Message again = protocol::decode(frames);
    require(protocol::encode(protocol::parse<T>(again), again.request, again.payload) == frames, "it changed on the way");
  } catch (const lectern::Fault& fault) {
    require(fault.what()[0] != '\0', "a refusal without words");
    protocol::encode(protocol::to_error(fault));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> frames(1);
  for (std::size_t i = 0; i < size; ++i)
    if (data[i] == 0x1e) frames.emplace_back();
    else frames.back() += static_cast<char>(data[i]);
  try {
    const protocol::Message message = protocol::decode(std::move(frames));
    protocol::for_each_message([&]<class T>() { read_as<T>(message); });
  } catch (const lectern::Fault& fault) {
    protocol::encode(protocol::to_error(fault));
  }
  return 0;
}
