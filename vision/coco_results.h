#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "vision/coco_eval.h"

namespace fovea {

// A box by COCO's {x, y, width, height}; evaluated to the last bit as pycocotools does with these numbers.
ScoredBox scored_box(int64_t picture, int64_t category, const std::array<double, 4>& bbox, double score);
std::array<double, 4> coco_bbox(const Box& box);

struct CocoResults {
  std::vector<ScoredBox> boxes;       // in the file's order
  int64_t of_unknown_categories = 0;  // results that were left out, as pycocotools does
};

// Reads [{"image_id": 42, "category_id": 18, "bbox": [x, y, width, height], "score": 0.9}, ...]; whatever
// else a result holds is passed over. Fails if the file is not whole, if a result lacks one of these or says
// no finite number, if one is of a picture that `truth` does not have, or if none is of its categories.
CocoResults read_coco_results(const std::filesystem::path& file, const AnnotatedPictures& truth);
CocoResults parse_coco_results(std::string_view json, const std::string& name,
                               const AnnotatedPictures& truth);

// The same as text, one result a line; every number reads back the same.
std::string coco_results_json(std::span<const ScoredBox> boxes, const AnnotatedPictures& truth);

}  // namespace fovea
