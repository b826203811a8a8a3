#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

// One split of a COCO data set's folder.
struct CocoSplit {
  std::string name;            // "train"; empty if the set is one
  std::filesystem::path file;  // of its annotations
};

// The files below `folder`, train first: annotations/instances_train2017.json beside train2017/, or
// train/_annotations.coco.json among the pictures. None: it is no COCO data set.
std::vector<CocoSplit> coco_splits(const std::filesystem::path& folder);

}  // namespace fovea
