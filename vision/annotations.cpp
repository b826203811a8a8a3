#include "vision/annotations.h"

#include <algorithm>

#include "attention/base/error.h"
#include "vision/annotation_draft.h"
#include "vision/picture_listing.h"

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
  return voc_root(path).empty() ? "" : "voc";
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
       ": no data set of pictures with boxes; give COCO's instances file (.json), a VOC folder "
       "(Annotations/*.xml, JPEGImages/) or a YOLO one (data.yaml, images/, labels/)");
}

}  // namespace fovea
