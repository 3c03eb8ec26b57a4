// `lectern-engine voice`: looks at a recording and makes a voice of it, for the command line, which links neither
// libtorch nor libsndfile. Prints one JSON object and ends.
#pragma once

namespace lectern::chatterbox {

inline constexpr char kVoiceProgram[] = "voice";

// Throws Fault for what is no recording. A recording that will not do is no fault: `usable` is false then, and nothing
// is written.
//   --recording FILE          what to look at
//   --start S --length S      the part to use, as it is; without them the best stretch is chosen
//   --folder DIR              makes the voice there: recording.flac and voice.json; the folder must be empty
//   --as-is                   the file is one that was exported: it becomes recording.flac byte for byte
//   --model-folder DIR        also makes the conditionals for this model
//   --threads N               0: all cores
int voice_program(int argc, char** argv);

}  // namespace lectern::chatterbox
