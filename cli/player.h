// The user's own audio player: the first one of a list that is installed and reads the file.
#pragma once

#include <filesystem>
#include <string>

namespace lectern::cli {

// The name of the player that would play it; empty: there is none.
std::string find_player(const std::filesystem::path& audio);
// Plays the file to its end, in the terminal's process group: Ctrl-C ends the player. Throws Fault naming the file when
// there is no player, or when the player fails. false: Ctrl-C ended it.
bool play(const std::filesystem::path& audio);

}  // namespace lectern::cli
