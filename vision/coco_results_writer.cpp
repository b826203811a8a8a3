#include <array>
#include <charconv>

#include "attention/base/error.h"
#include "vision/coco_results.h"

namespace fovea {
namespace {

// The shortest text that reads back the same.
std::string number_text(double value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

}  // namespace

std::string coco_results_json(std::span<const ScoredBox> boxes, const AnnotatedPictures& truth) {
  std::string json = "[";
  for (const ScoredBox& found : boxes) {
    const std::array<double, 4> bbox = coco_bbox(found.box);
    json += json.size() > 1 ? ",\n" : "\n";
    json +=
        "{\"image_id\":" + std::to_string(truth.pictures.at(static_cast<size_t>(found.picture)).id) +
        ",\"category_id\":" + std::to_string(truth.categories.at(static_cast<size_t>(found.category)).id) +
        ",\"bbox\":[";
    for (size_t i = 0; i < 4; ++i) json += (i ? "," : "") + number_text(bbox[i]);
    json += "],\"score\":" + number_text(found.score) + "}";
  }
  return json + "\n]\n";
}

}  // namespace fovea
