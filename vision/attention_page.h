#pragma once
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "vision/detections.h"
#include "vision/frame_place.h"

namespace fovea {

// What one self-contained HTML page shows of a picture: hover or tap a patch and see what it attends to, by
// layer and head; whole-picture maps by method; detected objects with a map each. All text is untrusted.
struct AttentionPage {
  // Self-attention over a grid, for one layer and all its heads.
  struct Layer {
    std::string name;  // "layers.3.attn"
    int heads = 0;
    std::vector<float> weights;  // [heads][rows * columns queries][rows * columns keys]
    std::vector<float> reader;   // [heads][rows * columns]: the class token's row, or empty
  };
  // One map over a grid of its own.
  struct Map {
    std::string method;  // "rollout"
    std::string note;    // how it was normalised, what it is of: "class 'tabby'"
    int object = -1;     // of `objects`; -1: of the whole picture
    cv::Mat values;      // CV_32F over the frame
  };
  struct Object {
    std::string caption;  // "dog 0.98"
    Box box;              // pixels of the picture
  };
  std::string title, model, fovea;  // file name, model's id, version
  cv::Mat bgr;                      // 8UC3, upright; shown at most 1024 pixels wide or high
  FramePlace place;
  int rows = 0, columns = 0;  // of the layers' grid
  std::vector<Layer> layers;
  std::vector<Map> maps;
  std::vector<Object> objects;
};

// The page's text. Weights are quantised and compressed: 12 layers of 12 heads over 14 x 14 stay under 3 MB;
// more than that are kept as means over 2 x 2 patches, or 4 x 4, and the page says so.
std::string attention_page(const AttentionPage& page);

}  // namespace fovea
