#include "vision/coco_folder.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "vision/picture_listing.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSplits[] = {"train", "val", "valid", "test"};
constexpr const char* kExported = "_annotations.coco.json";

// A file of another kind that lies among pictures is not taken for annotations.
bool looks_like_coco(const fs::path& file) {
  constexpr std::streamsize kLooked = 1 << 16;
  std::ifstream stream(file, std::ios::binary);
  std::string text(static_cast<size_t>(kLooked), '\0');
  stream.read(text.data(), kLooked);
  text.resize(static_cast<size_t>(stream.gcount()));
  const size_t first = text.find_first_not_of(" \t\r\n", text.starts_with("\xEF\xBB\xBF") ? 3 : 0);
  if (first == std::string::npos || text[first] != '{') return false;
  const char* lists[] = {"\"images\"", "\"annotations\"", "\"categories\""};
  return std::ranges::any_of(lists, [&](const char* list) { return text.find(list) != std::string::npos; });
}

std::set<fs::path> json_files(const fs::path& folder) {
  std::set<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->path().extension() == ".json" && !is_hidden(entry->path().filename().string()))
      files.insert(entry->path());
  return files;
}

// The annotations among a split's pictures; empty if it is not clear which they are.
fs::path file_among_pictures(const fs::path& folder) {
  std::error_code error;
  if (fs::is_regular_file(folder / kExported, error)) return folder / kExported;
  const std::set<fs::path> files = json_files(folder);
  return files.size() == 1 && looks_like_coco(*files.begin()) ? *files.begin() : fs::path();
}

bool is_split(const std::string& name) {
  return std::ranges::find(kSplits, name) != std::end(kSplits);
}

// "instances_train2017" -> "train2017", and "train" itself; empty: it is no split's file.
std::string long_name(const std::string& stem) {
  constexpr std::string_view kInstances = "instances_";
  if (stem.starts_with(kInstances)) return stem.substr(kInstances.size());
  return is_split(stem) ? stem : "";
}

// Without the year, unless there are two years of it.
std::vector<CocoSplit> files_in_annotations(const fs::path& folder) {
  std::vector<CocoSplit> splits;
  std::map<std::string, int> years;
  const auto short_name = [](const std::string& name) {
    return name.substr(0, name.find_last_not_of("0123456789") + 1);
  };
  for (const fs::path& file : json_files(folder))
    if (const std::string name = long_name(file.stem().string()); !name.empty()) {
      splits.push_back({name, file});
      ++years[short_name(name)];
    }
  for (CocoSplit& split : splits) {
    const std::string name = short_name(split.name);
    if (is_split(name) && years[name] == 1) split.name = name;
  }
  if (splits.size() == 1 && !is_split(splits[0].name)) splits[0].name.clear();
  return splits;
}

}  // namespace

std::vector<CocoSplit> coco_splits(const fs::path& folder) {
  std::vector<CocoSplit> splits = files_in_annotations(folder / "annotations");
  if (splits.empty())
    for (const char* name : kSplits)
      if (const fs::path file = file_among_pictures(folder / name); !file.empty())
        splits.push_back({name, file});
  std::error_code error;
  if (splits.empty() && fs::is_regular_file(folder / kExported, error)) splits = {{"", folder / kExported}};
  const auto rank = [](const CocoSplit& split) { return std::ranges::find(kSplits, split.name) - kSplits; };
  std::ranges::stable_sort(splits, {}, rank);
  return splits;
}

}  // namespace fovea
