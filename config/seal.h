// A JSON text that ends with the SHA-256 of what stands before it: whoever finds it can tell that nobody changed it
// since it was written. It guards against editing, not against forgery.
#pragma once

#include <string>
#include <string_view>

namespace lectern {

// `object`: a JSON object as text, with at least one field; its last field becomes "seal". Ends in a newline.
std::string sealed(std::string_view object);
bool seal_holds(std::string_view text);

}  // namespace lectern
