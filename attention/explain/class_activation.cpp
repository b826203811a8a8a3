#include "attention/explain/class_activation.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/explain/principal_map.h"

namespace fovea {
namespace {

// One picture: a row of channels for each position.
struct FeatureMap {
  const float *activations, *gradients;  // no gradients for kEigenCam
  int64_t positions, channels;
};

template <class Term>
double sum_of_positions(const FeatureMap& map, int64_t channel, const Term& term) {
  double sum = 0;
  for (int64_t i = channel; i < map.positions * map.channels; i += map.channels)
    sum += term(static_cast<double>(map.activations[i]), static_cast<double>(map.gradients[i]));
  return sum;
}

// What multiplies a channel. The small numbers are pytorch-grad-cam's.
double channel_weight(ClassActivation method, const FeatureMap& map, int64_t channel) {
  const auto sum = [&](const auto& term) { return sum_of_positions(map, channel, term); };
  if (method == ClassActivation::kGradCam)
    return sum([](double, double g) { return g; }) / static_cast<double>(map.positions);
  const double total = sum([](double a, double) { return a; });
  if (method == ClassActivation::kXGradCam)
    return sum([](double a, double g) { return a * g; }) / (total + 1e-7);
  return sum([total](double, double g) {  // equation 19 of Grad-CAM++
    return g > 0 ? g * g * g / (2 * g * g + total * g * g * g + 1e-6) : 0;
  });
}

void weigh_channels(ClassActivation method, const FeatureMap& map, float* out) {
  std::vector<double> weights(static_cast<size_t>(map.channels));
  for (int64_t c = 0; c < map.channels; ++c) weights[static_cast<size_t>(c)] = channel_weight(method, map, c);
  for (int64_t i = 0; i < map.positions; ++i) {
    double sum = 0;
    for (int64_t c = 0; c < map.channels; ++c)
      sum += weights[static_cast<size_t>(c)] * map.activations[i * map.channels + c];
    out[i] = static_cast<float>(std::max(sum, 0.0));
  }
}

// Each value has its own gradient as its weight.
void weigh_values(ClassActivation method, const FeatureMap& map, float* out) {
  for (int64_t i = 0; i < map.positions; ++i) {
    double sum = 0;
    for (int64_t j = i * map.channels; j < (i + 1) * map.channels; ++j) {
      const double a = map.activations[j], g = map.gradients[j];
      if (method == ClassActivation::kLayerCam)
        sum += std::max(g, 0.0) * a;
      else
        sum += method == ClassActivation::kElementWise ? std::max(g * a, 0.0) : g * a;
    }
    out[i] = static_cast<float>(std::max(sum, 0.0));
  }
}

void project(ClassActivation method, const FeatureMap& map, float* out) {
  std::vector<double> values(map.activations, map.activations + map.positions * map.channels);
  if (method == ClassActivation::kEigenGradCam)
    for (size_t i = 0; i < values.size(); ++i) values[i] *= map.gradients[i];
  const std::vector<double> places = principal_map(std::move(values), map.positions, map.channels);
  std::transform(places.begin(), places.end(), out,
                 [](double place) { return static_cast<float>(std::max(place, 0.0)); });
}

void explain(ClassActivation method, const FeatureMap& map, float* out) {
  switch (method) {
    case ClassActivation::kGradCam:
    case ClassActivation::kGradCamPlusPlus:
    case ClassActivation::kXGradCam:
      return weigh_channels(method, map, out);
    case ClassActivation::kLayerCam:
    case ClassActivation::kHiResCam:
    case ClassActivation::kElementWise:
      return weigh_values(method, map, out);
    case ClassActivation::kEigenCam:
    case ClassActivation::kEigenGradCam:
      return project(method, map, out);
  }
}

void expect_finite(const Tensor& x, const char* what) {
  for (const float value : x.values())
    if (!std::isfinite(value)) fail("class_activation: ", what, " that are not finite");
}

}  // namespace

Tensor class_activation(ClassActivation method, const Tensor& activations, const Tensor& gradients) {
  const bool reads_gradients = method != ClassActivation::kEigenCam;
  if (activations.shape().rank() != 4 || activations.count() == 0 ||
      (reads_gradients && gradients.shape() != activations.shape()))
    fail("class_activation: activations ", activations.shape(), ", gradients ", gradients.shape());
  expect_finite(activations, "activations");
  if (reads_gradients) expect_finite(gradients, "gradients");

  const int64_t positions = activations.dim(1) * activations.dim(2), channels = activations.dim(3);
  Tensor maps({activations.dim(0), activations.dim(1), activations.dim(2)});
  parallel_for(activations.dim(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t at = b * positions * channels;
      explain(
          method,
          {activations.data() + at, reads_gradients ? gradients.data() + at : nullptr, positions, channels},
          maps.mutable_data() + b * positions);
    }
  });
  return maps;
}

}  // namespace fovea
