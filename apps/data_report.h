#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "vision/annotations.h"

namespace fovea {

// What `fovea data check` found.
struct DataReport {
  struct DataSplit {
    std::string name;
    int64_t pictures = 0, objects = 0;
  };
  struct DataCategory {
    int64_t id = 0;
    std::string name;
    int64_t objects = 0, pictures = 0;
  };
  struct BoxSize {
    double width = 0, height = 0;
  };
  struct SharedFiles {  // names that are in two splits
    std::string first, second;
    std::vector<std::string> files;
  };

  std::string path, format;              // "coco", "voc", "yolo" or "folders", one for each class
  std::vector<DataSplit> splits;         // one without a name: it has none
  std::vector<DataCategory> categories;  // by ascending id
  std::vector<BoxSize> boxes;            // by ascending area; none if it has no boxes
  std::vector<int64_t> per_picture;      // counts of objects, ascending
  std::vector<SharedFiles> shared;
  std::vector<AnnotationProblem> problems;

  bool has_boxes() const { return format != "folders"; }
  int64_t count(AnnotationProblem::Kind kind) const;
};

void write_text(const DataReport& report, std::ostream& out);
void write_json(const DataReport& report, std::ostream& out);

}  // namespace fovea
