// The tables of broker/protocol/PROTOCOL.md, printed from the messages' field lists.
#pragma once

#include <string>

namespace lectern::protocol {

std::string reference();

}  // namespace lectern::protocol
