#include "vision/labelled_pictures.h"

#include <utility>

#include "attention/base/error.h"
#include "vision/decode.h"

namespace fovea {
namespace {

std::vector<AnnotatedPicture> chosen(const AnnotatedPictures& data, const std::vector<int64_t>& indices) {
  std::vector<AnnotatedPicture> entries;
  for (const int64_t i : indices) {
    if (i < 0 || i >= std::ssize(data.pictures))
      fail("batches: picture ", i, " is not one of the ", data.pictures.size(), " of the data set");
    entries.push_back(data.pictures[static_cast<size_t>(i)]);
  }
  return entries;
}

}  // namespace

LabelledPictures::LabelledPictures(const AnnotatedPictures& data, std::vector<int64_t> indices,
                                   bool apply_exif, int64_t budget)
    : folder_(data.images),
      indices_(std::move(indices)),
      entries_(chosen(data, indices_)),
      apply_exif_(apply_exif),
      kept_(std::ssize(indices_), budget,
            [this](int64_t i) { return read_image(location(i), {.apply_exif = apply_exif_}).rgb; }) {}

LabelledPicture LabelledPictures::picture(int64_t i) {
  LabelledPicture picture{kept_(i), {}};
  for (const Annotation& object : learnable(entry(i).objects, picture.rgb.size()))
    picture.boxes.push_back({object.box, static_cast<int>(object.category)});
  return picture;
}

}  // namespace fovea
