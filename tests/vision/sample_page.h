#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "attention/base/rng.h"
#include "vision/attention_page.h"

namespace fovea {

// How a made-up model attends: head h of layer l looks h patches to the right of the query and l below it,
// within a spread that differs by head, as far as noise lets it; the reader looks at the middle.
struct SampleShape {
  int layers = 3, heads = 4, rows = 14, columns = 14;
  double noise = 1.2;
  bool reader = true;
};

inline void append_softmax(std::vector<double> logits, std::vector<float>& to) {
  double sum = 0;
  for (double& x : logits) sum += x = std::exp(x);
  for (const double x : logits) to.push_back(static_cast<float>(x / sum));
}

inline std::vector<double> sample_logits(const SampleShape& shape, double row, double column, int head,
                                         Rng& rng) {
  std::vector<double> logits;
  const double spread = 1.5 + 1.5 * (head % 4);
  for (int y = 0; y < shape.rows; ++y)
    for (int x = 0; x < shape.columns; ++x)
      logits.push_back(-(std::pow(y - row, 2) + std::pow(x - column, 2)) / (2 * spread * spread) +
                       shape.noise * rng.normal());
  return logits;
}

inline std::vector<AttentionPage::Layer> sample_layers(const SampleShape& shape, uint64_t seed) {
  std::vector<AttentionPage::Layer> layers;
  Rng rng(seed);
  for (int l = 0; l < shape.layers; ++l) {
    AttentionPage::Layer layer{"layers." + std::to_string(l) + ".attn", shape.heads, {}, {}};
    for (int h = 0; h < shape.heads; ++h) {
      for (int y = 0; y < shape.rows; ++y)
        for (int x = 0; x < shape.columns; ++x)
          append_softmax(sample_logits(shape, y + l, x + h, h, rng), layer.weights);
      if (shape.reader)
        append_softmax(sample_logits(shape, shape.rows / 2.0, shape.columns / 2.0, h, rng), layer.reader);
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

// A map that is warm around a point, both 0 to 1 over the grid.
inline cv::Mat sample_map(int rows, int columns, double x, double y) {
  cv::Mat_<float> map(rows, columns);
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j)
      map(i, j) = static_cast<float>(
          std::exp(-20 * (std::pow((j + 0.5) / columns - x, 2) + std::pow((i + 0.5) / rows - y, 2))));
  return map;
}

// The frame is a centred square of the picture, as classifiers crop it.
inline FramePlace square_place(cv::Size picture, int side) {
  const int shorter = std::min(picture.width, picture.height);
  const double scale = static_cast<double>(side) / shorter;
  return {picture,
          {side, side},
          scale,
          scale,
          -(picture.width - shorter) / 2.0 * scale,
          -(picture.height - shorter) / 2.0 * scale};
}

inline AttentionPage sample_page(const cv::Mat& bgr, const SampleShape& shape) {
  AttentionPage page{
      "sample.jpg",  "sample-model",          "0.0.0", bgr, square_place(bgr.size(), 224), shape.rows,
      shape.columns, sample_layers(shape, 7), {},      {}};
  page.maps.push_back({"rollout", "Over all layers.", -1, sample_map(shape.rows, shape.columns, 0.5, 0.4)});
  page.maps.push_back({"grad-cam", "Of class 'sample'.", -1, sample_map(7, 7, 0.4, 0.6)});
  return page;
}

}  // namespace fovea
