#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// What a folder or an archive holds, by names below it with '/' between folders.
struct PictureListing {
  std::vector<std::string> pictures;  // in the order in which they were found
  std::vector<std::string> folders;   // also those without a picture
  std::vector<std::string> others;    // files that are none by their names; links to nothing, pipes
};

// Whether a data set takes this file: a picture's extension, and no part of the name hidden (".name").
bool is_picture(std::string_view name);
bool is_hidden(std::string_view name);

// All pictures at any depth; links are followed, but not back into a folder above.
PictureListing list_pictures(const std::filesystem::path& folder);

// A name from a file system or an archive, fit for a one-line message: in quotes, control characters as '?'.
std::string in_quotes(std::string_view name);

}  // namespace fovea
