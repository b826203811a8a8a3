#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "vision/annotation_draft.h"

namespace fovea {

// https://cocodataset.org/#format-data, as far as it is about boxes.
struct CocoCategory {
  int64_t id = 0;
  std::string name, parent;  // "supercategory"
};

struct CocoPicture {
  int64_t id = 0, width = 0, height = 0;
  std::string file;
};

struct CocoObject {
  int64_t id = -1, picture = 0, category = 0;  // ids; -1: none is given
  std::array<double, 4> bbox{};                // x, y, width, height
  double area = -1;                            // -1: none is given
  bool crowd = false;
};

struct CocoFile {
  std::vector<CocoCategory> categories;
  std::vector<CocoPicture> pictures;
  std::deque<CocoObject> objects;
};

// Reads the file once and holds no more of it than this; entries that lack what they need are told and left
// out, but an object without a box gets the one around its polygons. Fails if it is not JSON, or not of this
// form; without `boxes` it may lack "annotations".
CocoFile read_coco_file(const std::filesystem::path& file, bool boxes, AnnotationProblems& problems);

}  // namespace fovea
