#include "vision/voc_folders.h"

#include <system_error>

namespace fovea {
namespace {

namespace fs = std::filesystem;

bool has_xml(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->path().extension() == ".xml") return true;
  return false;
}

// "Annotations", "annotations" or "."; empty if there is no XML file in them.
std::string annotations_in(const fs::path& folder) {
  for (const char* name : {"Annotations", "annotations", "."})
    if (has_xml(folder / name)) return name;
  return "";
}

std::string pictures_in(const fs::path& folder) {
  std::error_code error;
  for (const char* name : {"JPEGImages", "images", "Images"})
    if (fs::is_directory(folder / name, error)) return name;
  return ".";
}

std::string below(const std::string& folder, const std::string& name) {
  return name == "." ? folder : folder + "/" + name;
}

VocFolder whole(const fs::path& root) {
  return {root, "", annotations_in(root), pictures_in(root)};
}

}  // namespace

bool has_annotations_folder(const fs::path& path) {
  return has_xml(path / "Annotations") || has_xml(path / "annotations");
}

std::vector<VocFolder> voc_folders(const fs::path& path) {
  if (!annotations_in(path).empty()) return {whole(path)};
  std::vector<VocFolder> splits;
  for (const char* name : {"train", "val", "valid", "test"})
    if (const std::string files = annotations_in(path / name); !files.empty())
      splits.push_back({path, name, below(name, files), below(name, pictures_in(path / name))});
  if (!splits.empty()) return splits;
  std::vector<fs::path> inner;
  std::error_code error;
  for (fs::directory_iterator entry(path, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->is_directory(error) && fs::is_directory(entry->path() / "Annotations", error))
      inner.push_back(entry->path());
  if (inner.size() != 1 || annotations_in(inner[0]).empty()) return {};
  return {whole(inner[0])};
}

fs::path voc_list(const VocFolder& folder, const std::string& split) {
  return folder.root / "ImageSets" / "Main" / (split + ".txt");
}

std::vector<std::string> voc_splits(const std::vector<VocFolder>& folders) {
  std::vector<std::string> names;
  std::error_code error;
  for (const VocFolder& folder : folders)
    if (!folder.split.empty()) names.push_back(folder.split);
  if (!names.empty() || folders.empty()) return names;
  for (const char* name : {"train", "val", "trainval", "test"})
    if (fs::is_regular_file(voc_list(folders[0], name), error)) names.push_back(name);
  return names;
}

}  // namespace fovea
