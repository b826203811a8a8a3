#include "apps/category_ids.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "vision/category_match.h"

namespace fovea {
namespace {

using Ids = std::vector<std::optional<int64_t>>;

constexpr size_t kCocoPlaces = 91, kCocoClasses = 80;
// Of COCO's 90 ids, those that no category of its instances has.
constexpr std::array<int64_t, 10> kUnused = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83};

bool numbered_as_coco(std::span<const std::string> labels) {
  return labels.size() == kCocoPlaces &&
         (labels[1] == "person" || labels[1] == "LABEL_1" || std::ranges::count(labels, "N/A") > 0);
}

Ids of_coco_classes() {
  Ids ids;
  for (int64_t id = 1; ids.size() < kCocoClasses; ++id)
    if (std::ranges::find(kUnused, id) == kUnused.end()) ids.emplace_back(id);
  return ids;
}

Ids counted(size_t count, int64_t first) {
  Ids ids;
  for (size_t i = 0; i < count; ++i) ids.emplace_back(first + static_cast<int64_t>(i));
  return ids;
}

bool ends_with_path(const std::string& path, const std::string& end) {
  return path == end || path.ends_with("/" + end);
}

}  // namespace

std::vector<std::optional<int64_t>> category_ids(std::span<const std::string> labels) {
  if (numbered_as_coco(labels)) return counted(labels.size(), 0);
  if (labels.size() == kCocoClasses && labels.front() == "person" && labels.back() == "toothbrush")
    return of_coco_classes();
  return counted(labels.size(), 1);
}

std::vector<std::optional<int64_t>> category_ids(std::span<const std::string> labels,
                                                 const AnnotatedPictures& data) {
  Ids ids;
  for (const int64_t match : match_categories(labels, data.categories))
    ids.push_back(match < 0 ? std::nullopt : std::optional(data.categories[static_cast<size_t>(match)].id));
  return ids;
}

PictureIds::PictureIds(const AnnotatedPictures& data) {
  for (const AnnotatedPicture& picture : data.pictures)
    by_name_[std::filesystem::path(picture.file).filename().string()].push_back(
        {std::filesystem::path(picture.file).lexically_normal().string(), picture.id});
}

std::optional<int64_t> PictureIds::operator[](const std::string& source) const {
  const std::string path = std::filesystem::path(source).lexically_normal().string();
  const auto named = by_name_.find(std::filesystem::path(path).filename().string());
  if (named == by_name_.end()) return std::nullopt;
  std::optional<int64_t> id;
  for (const Entry& entry : named->second) {
    if (!ends_with_path(path, entry.file) && !ends_with_path(entry.file, path)) continue;
    if (id) return std::nullopt;
    id = entry.id;
  }
  return id;
}

}  // namespace fovea
