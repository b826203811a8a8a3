#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// Pillow's numbers.
enum class Filter { kNearest = 0, kLanczos = 1, kBilinear = 2, kBicubic = 3, kBox = 4, kHamming = 5 };

// How pictures become a model's input: read from a checkpoint, carried out by vision/preprocess.h.
struct Recipe {
  enum class Fit {
    kKeep,             // as it is
    kSquash,           // to resize_height x resize_width, aspect ratio lost
    kShortestEdge,     // shorter side to resize_height, the other in proportion, rounded down
    kCover,            // aspect ratio kept, the smallest that covers resize_height x resize_width
    kBorder,           // aspect ratio kept, the largest within resize_height x resize_width
    kWithin,           // the same, rounded down
    kShortestLongest,  // shorter side to resize_height, or less for the longer to be resize_width at most
  };
  Fit fit = Fit::kSquash;
  int64_t resize_height = 224, resize_width = 224;
  int64_t multiple = 1;  // what kShortestLongest rounds both sides down to
  Filter filter = Filter::kBicubic;
  bool crop = false;  // centre crop after resizing, to crop_height x crop_width
  int64_t crop_height = 224, crop_width = 224;
  enum class CropRounding {
    kFloor,
    kHalfToEven
  } crop_rounding = CropRounding::kFloor;  // transformers / timm
  std::array<uint8_t, 3> fill{0, 0, 0};    // where the crop is larger than the picture
  double rescale = 1.0 / 255;
  bool normalise = true;
  std::array<double, 3> mean{0.5, 0.5, 0.5}, stddev{0.5, 0.5, 0.5};
  bool apply_exif = true;  // timm's and torchvision's loaders do not turn pictures

  // Pictures of several sizes in one batch: filled up with 0 at the bottom and the right, to the largest of
  // them or to pad_height x pad_width if that is not 0.
  bool pad = false;
  int64_t pad_height = 0, pad_width = 0;
  bool hide_padding = true;  // tell the model where there is no picture

  // Of every picture if fixed_size(), else nothing to go by.
  bool fixed_size() const { return crop || fit == Fit::kSquash; }
  int64_t height() const { return crop ? crop_height : resize_height; }
  int64_t width() const { return crop ? crop_width : resize_width; }
};

// From the text of a preprocessor_config.json (transformers), or of a config.json with pretrained_cfg (timm).
// Missing keys take the defaults of the named processor class, or of `otherwise` if none is named. Fails on
// what cannot be done here.
Recipe recipe_from_transformers(std::string_view json, const std::string& otherwise = "");
Recipe recipe_from_timm(std::string_view json);

// One line a step, for people: "resize to 256 x 256, bicubic (Pillow)".
std::vector<std::string> describe(const Recipe& recipe);

}  // namespace fovea
