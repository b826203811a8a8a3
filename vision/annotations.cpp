#include "vision/annotations.h"

#include <algorithm>

#include "attention/base/error.h"
#include "vision/annotation_draft.h"
#include "vision/coco_folder.h"
#include "vision/picture_listing.h"
#include "vision/voc_folders.h"
#include "vision/yolo_description.h"

namespace fovea {

namespace {

namespace fs = std::filesystem;

bool has_ending(const fs::path& path, std::initializer_list<const char*> endings) {
  std::string ending = path.extension().string();
  for (char& c : ending)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::ranges::any_of(endings, [&](const char* e) { return ending == e; });
}

}  // namespace

std::string annotation_format(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    if (has_ending(path, {".json"})) return "coco";
    return has_ending(path, {".yaml", ".yml"}) ? "yolo" : "";
  }
  if (!fs::is_directory(path, error)) return "";
  if (!yolo_description(path).empty()) return "yolo";
  if (has_annotations_folder(path)) return "voc";
  if (!coco_splits(path).empty()) return "coco";
  return voc_folders(path).empty() ? "" : "voc";
}

std::vector<std::string> annotation_splits(const fs::path& path) {
  std::vector<std::string> names;
  const std::string format = annotation_format(path);
  std::error_code error;
  const bool folder = fs::is_directory(path, error);
  if (format == "yolo")
    for (const auto& split : read_yolo_description(folder ? yolo_description(path) : path).splits)
      names.push_back(split.name);
  if (format == "coco" && folder)
    for (const CocoSplit& split : coco_splits(path))
      if (!split.name.empty()) names.push_back(split.name);
  return format == "voc" ? voc_splits(voc_folders(path)) : names;
}

AnnotatedPictures read_annotations(const AnnotationSource& source) {
  const std::string format = annotation_format(source.path);
  if (format == "coco") return read_coco_annotations(source);
  if (format == "voc") return read_voc_annotations(source);
  if (format == "yolo") return read_yolo_annotations(source);
  std::error_code error;
  if (!fs::exists(source.path, error))
    fail(in_quotes(source.path.string()), ": there is no such file or folder; check the path");
  fail(in_quotes(source.path.string()),
       ": no data set of pictures with boxes; give COCO's instances file (.json) or folder (annotations/, or "
       "train/_annotations.coco.json), a VOC folder (Annotations/*.xml, JPEGImages/, or train/*.xml) or a "
       "YOLO one (data.yaml, images/, labels/)");
}

}  // namespace fovea
