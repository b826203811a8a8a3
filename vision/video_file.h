#pragma once
#include <filesystem>

namespace fovea {

enum class VideoContainer { kNone, kMp4, kAvi, kMatroska, kGif };

// What the outermost structure of a file says, without a decoder.
struct VideoFile {
  VideoContainer container = VideoContainer::kNone;
  bool complete = true;  // false: it ends before what it announces does
};

VideoFile look_at_video(const std::filesystem::path& path);

}  // namespace fovea
