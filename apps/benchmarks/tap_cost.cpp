// What it costs to see what a classifier looks at: forward passes with and without maps in turn, as medians
// of the ratios.
//   fovea_tap_cost MODEL_FOLDER [threads [rounds]]      a folder with config.json; weights are drawn
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/base/rng.h"
#include "attention/explain/heads.h"
#include "attention/explain/rollout.h"
#include "models/pipelines/image_model.h"

namespace fovea {
namespace {

double milliseconds(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

Tensor picture(const Recipe& recipe) {
  Tensor image({1, recipe.height(), recipe.width(), 3});
  Rng rng(1);
  for (int64_t i = 0; i < image.count(); ++i) image.mutable_data()[i] = static_cast<float>(rng.normal());
  return image;
}

void compare(const ImageModel& model, int rounds) {
  const Tensor image = picture(model.recipe());
  using Look = std::function<void(const Taps& taps)>;
  const std::pair<const char*, Look> looks[] = {
      {"one layer's class row", [](const Taps& taps) { weight_rows(taps.maps.back(), 0, 1); }},
      {"rollout", [](const Taps& taps) { rollout(taps.maps, 0); }},
      {"rollout, 0.9 discarded", [](const Taps& taps) { rollout(taps.maps, 0, {.discard = 0.9}); }}};
  std::vector<double> plain;
  std::vector<std::vector<double>> ratios(std::size(looks));
  for (int i = 0; i < rounds; ++i) {
    plain.push_back(milliseconds([&] { model.logits(image); }));
    for (size_t j = 0; j < std::size(looks); ++j)
      ratios[j].push_back(milliseconds([&] {
                            Taps taps;
                            taps.whole = false;
                            model.logits(image, {.taps = &taps});
                            looks[j].second(taps);
                          }) /
                          plain.back());
  }
  fmt::print("forward {:.1f} ms\n", median(plain));
  for (size_t j = 0; j < std::size(looks); ++j)
    fmt::print("  with {}: {:.3f} of it\n", looks[j].first, median(ratios[j]));
}

}  // namespace
}  // namespace fovea

int main(int count, char** words) {
  using namespace fovea;
  try {
    if (count < 2) fail("usage: fovea_tap_cost MODEL_FOLDER [threads [rounds]]");
    const ImageModel model = ImageModel::random(words[1], 1);
    Threads threads(count > 2 ? std::atoi(words[2]) : 1);
    threads.run([&] { compare(model, count > 3 ? std::atoi(words[3]) : 15); });
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
