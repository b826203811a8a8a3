#include "vision/picture_listing.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

struct Walk {
  PictureListing& found;
  std::vector<fs::path> above;  // resolved: a link to one of these would not end

  void folder(const fs::path& path, const std::string& prefix) {
    std::error_code error;
    const fs::path resolved = fs::canonical(path, error);
    if (error) cannot_read(path, error);
    if (std::find(above.begin(), above.end(), resolved) != above.end()) return;
    above.push_back(resolved);
    fs::directory_iterator entries(path, error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error))
      entry(*entries, prefix + entries->path().filename().string());
    if (error) cannot_read(path, error);
    above.pop_back();
  }

  void entry(const fs::directory_entry& entry, const std::string& name) {
    if (is_hidden(name)) return;
    std::error_code error;  // of a dangling link, which is neither
    if (entry.is_directory(error)) {
      found.folders.push_back(name);
      folder(entry.path(), name + "/");
    } else {
      const bool picture = entry.is_regular_file(error) && is_picture(name);
      (picture ? found.pictures : found.others).push_back(name);
    }
  }

  [[noreturn]] static void cannot_read(const fs::path& path, const std::error_code& error) {
    fail(in_quotes(path.string()), ": the folder cannot be read (", error.message(),
         "); check its permissions");
  }
};

}  // namespace

bool is_hidden(std::string_view name) {
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.starts_with('.') && part != "." && part != "..") return true;
    begin = end + 1;
  }
  return false;
}

bool is_picture(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kExtensions = {
      ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"};
  if (is_hidden(name)) return false;
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');  // in ASCII, whatever the locale
  return std::ranges::any_of(kExtensions, [&](std::string_view e) { return lower.ends_with(e); });
}

PictureListing list_pictures(const fs::path& folder) {
  PictureListing found;
  Walk{found, {}}.folder(folder, "");
  return found;
}

std::string in_quotes(std::string_view name) {
  return shown_name(name, 300);
}

}  // namespace fovea
