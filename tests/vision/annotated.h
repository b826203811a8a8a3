#pragma once
#include <utility>
#include <vector>

#include "vision/annotations.h"

namespace fovea {

inline AnnotatedPicture shown_objects(int64_t id, std::vector<Annotation> objects = {}) {
  AnnotatedPicture picture;
  picture.id = id;
  picture.objects = std::move(objects);
  return picture;
}

inline AnnotatedPictures data_set(std::vector<Category> categories, std::vector<AnnotatedPicture> pictures) {
  AnnotatedPictures set;
  set.categories = std::move(categories);
  set.pictures = std::move(pictures);
  return set;
}

}  // namespace fovea
