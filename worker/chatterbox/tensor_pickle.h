// A file written by torch.save, read by something that can build tensors and nothing else.
//
// A pickle is a program; this one runs only the few instructions that plain dictionaries of tensors are made of, calls
// no function but the one that rebuilds a tensor, and refuses everything else with the place where it stands.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace lectern::chatterbox {

// The tensors of nested dictionaries under their joined keys: {"t3": {"speaker_emb": x}} is "t3.speaker_emb". Other
// values (None, numbers, strings) are left out. Throws Fault(bad_input) naming the file for anything unexpected, and
// for more than 64 MB.
std::map<std::string, at::Tensor> read_tensor_pickle(const std::filesystem::path& file);

}  // namespace lectern::chatterbox
