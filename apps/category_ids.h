#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "vision/annotations.h"

namespace fovea {

// The id of each class in the data set that the model knows: COCO's own for a head with its 91 places (where
// a class's place is its id) or its 80 classes, else the class's place, counted from 1.
std::vector<std::optional<int64_t>> category_ids(std::span<const std::string> labels);

// The same in a given data set, by name; nothing for a class that it lacks. Fails if it has none of them.
std::vector<std::optional<int64_t>> category_ids(std::span<const std::string> labels,
                                                 const AnnotatedPictures& data);

// Ids of a data set's pictures by path: of a picture's path and a data set's one must be the end of the
// other.
class PictureIds {
 public:
  explicit PictureIds(const AnnotatedPictures& data);
  std::optional<int64_t> operator[](const std::string& source) const;  // nothing: none of them, or several

 private:
  struct Entry {
    std::string file;
    int64_t id;
  };
  std::unordered_map<std::string, std::vector<Entry>> by_name_;  // without folders
};

}  // namespace fovea
