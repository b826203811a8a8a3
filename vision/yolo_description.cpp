#include "vision/yolo_description.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

#include "attention/base/error.h"
#include "vision/annotation_draft.h"
#include "vision/picture_listing.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostBytes = 4 << 20, kMostNames = 100'000;
constexpr const char* kSplits[] = {"train", "val", "test"};
constexpr const char* kFolders[] = {"train", "val", "valid", "test"};

class YoloYaml {
 public:
  explicit YoloYaml(const fs::path& file) : file_(file) {
    const std::string text = annotation_text(file, kMostBytes);
    try {
      root_ = YAML::Load(text);
    } catch (const YAML::Exception& error) {
      refuse("not valid YAML at line " + std::to_string(error.mark.line + 1) + "; correct it");
    }
    if (!root_.IsMap()) refuse("is no YAML of keys and values; a data set's has train, val and names");
  }
  bool has(const char* key) const { return root_[key] && !root_[key].IsNull(); }

  std::string text(const char* key) const {
    if (!has(key)) return "";
    if (!root_[key].IsScalar()) refuse(std::string("'") + key + "' is not one text");
    return root_[key].Scalar();
  }

  // One text, or a list of them.
  std::vector<std::string> texts(const char* key) const {
    if (!has(key)) return {};
    const YAML::Node node = root_[key];
    if (node.IsScalar() && node.Scalar().empty()) return {};  // "test: ''"
    if (node.IsScalar()) return {node.Scalar()};
    std::vector<std::string> texts;
    for (size_t i = 0; node.IsSequence() && i < node.size() && node[i].IsScalar(); ++i)
      texts.push_back(node[i].Scalar());
    if (texts.empty() || texts.size() != node.size())
      refuse(std::string("'") + key + "' is neither a folder nor a list of folders");
    return texts;
  }

  std::vector<Category> categories() const {
    std::map<int64_t, std::string> names;
    const YAML::Node node = has("names") ? root_["names"] : YAML::Node(YAML::NodeType::Sequence);
    if (!node.IsSequence() && !node.IsMap()) refuse("'names' is neither a list nor a map of names");
    if (node.size() > kMostNames) refuse("'names' has more than " + std::to_string(kMostNames) + " names");
    int64_t next = 0;
    for (const auto& entry : node) {
      const YAML::Node& name = node.IsMap() ? entry.second : static_cast<const YAML::Node&>(entry);
      const int64_t id = node.IsMap() ? id_of(entry.first) : next++;
      if (!name.IsScalar() || name.Scalar().empty() || !is_utf8(name.Scalar()))
        refuse("a name of 'names' is not a text");
      if (!names.emplace(id, name.Scalar()).second)
        refuse("'names' has two names for class " + std::to_string(id));
    }
    std::vector<Category> categories;
    for (const auto& [id, name] : names) categories.push_back({id, name});
    return categories;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { fail(in_quotes(file_.string()), ": ", why); }
  int64_t id_of(const YAML::Node& node) const {
    int64_t id = -1;
    if (!node.IsScalar() || !YAML::convert<int64_t>::decode(node, id) || id < 0 || id > kMostNames)
      refuse("a key of 'names' is not the number of a class");
    return id;
  }

  fs::path file_;
  YAML::Node root_;
};

// Where `place` of a data.yaml is. Some exports write "../train/images" for what lies beside the file, and
// some come from a system of other slashes.
std::string found_place(const fs::path& root, const std::string& place) {
  std::error_code error;
  std::string name = place;
  if (!fs::exists(root / name, error)) std::ranges::replace(name, '\\', '/');
  while (!fs::exists(root / name, error) && name.starts_with("../")) name.erase(0, 3);
  return fs::exists(root / name, error) ? name : place;
}

YoloDescription from_yaml(const fs::path& file) {
  const YoloYaml yaml(file);
  YoloDescription description;
  const fs::path beside = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code error;
  description.root = beside / yaml.text("path");
  if (!fs::is_directory(description.root, error)) description.root = beside;  // made for another machine
  for (const char* name : kSplits) {
    std::vector<std::string> places = yaml.texts(name);
    for (std::string& place : places) place = found_place(description.root, place);
    if (!places.empty()) description.splits.push_back({name, std::move(places)});
  }
  description.categories = yaml.categories();
  description.keypoints = yaml.has("kpt_shape");
  if (description.splits.empty())
    fail(in_quotes(file.string()), ": names no pictures; say where they are under train and val");
  return description;
}

YoloDescription from_folders(const fs::path& root) {
  YoloDescription description{.root = root, .splits = {}, .everything = {}, .categories = {}};
  std::error_code error;
  for (const char* name : kFolders)
    if (fs::is_directory(root / "images" / name, error))
      description.splits.push_back({name, {std::string("images/") + name}});
  if (description.splits.empty()) description.everything = {"images"};
  for (const char* name : {"classes.txt", "labels/classes.txt"}) {
    if (!fs::is_regular_file(root / name, error)) continue;
    for (const auto& [number, line] : annotation_lines(root / name, kMostBytes)) {
      if (!is_utf8(line)) fail(in_quotes((root / name).string()), ": ", in_quotes(line), " is not UTF-8");
      description.categories.push_back({static_cast<int64_t>(description.categories.size()), line});
    }
    break;
  }
  return description;
}

}  // namespace

fs::path yolo_description(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> others;
  for (fs::directory_iterator entry(path, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string ending = entry->path().extension().string();
    if (ending == ".yaml" || ending == ".yml") others.push_back(entry->path());
  }
  for (const char* name : {"data.yaml", "data.yml", "dataset.yaml"})
    if (fs::is_regular_file(path / name, error)) return path / name;
  const bool folders = fs::is_directory(path / "images", error) && fs::is_directory(path / "labels", error);
  if (others.size() == 1 && folders) return others[0];
  return folders ? path : "";
}

YoloDescription read_yolo_description(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? from_folders(path) : from_yaml(path);
}

}  // namespace fovea
