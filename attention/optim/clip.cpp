#include "attention/optim/clip.h"

#include <algorithm>
#include <cmath>

#include "attention/base/parallel.h"

namespace fovea {
namespace {

constexpr int64_t kChunk = 16384;

}  // namespace

double sum_of_squares(const Tensor& x) {
  std::vector<double> sums(static_cast<size_t>((x.count() + kChunk - 1) / kChunk));
  parallel_for(static_cast<int64_t>(sums.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      double sum = 0;
      for (int64_t i = c * kChunk; i < std::min(x.count(), (c + 1) * kChunk); ++i)
        sum += static_cast<double>(x.data()[i]) * x.data()[i];
      sums[static_cast<size_t>(c)] = sum;
    }
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

double gradient_norm(const Gradients& gradients, const std::vector<Parameter>& parameters) {
  double sum = 0;
  for (const Parameter& p : parameters)
    if (gradients.has(p.value)) sum += sum_of_squares(gradients[p.value]);
  return std::sqrt(sum);
}

double clip_gradients(Gradients& gradients, const std::vector<Parameter>& parameters, double most) {
  const double norm = gradient_norm(gradients, parameters);
  if (!(norm > most) || std::isinf(norm)) return norm;
  const auto factor = static_cast<float>(most / norm);
  for (const Parameter& p : parameters) {
    if (!gradients.has(p.value)) continue;
    Tensor shared = gradients[p.value];
    parallel_for(shared.count(), kChunk, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) shared.mutable_data()[i] *= factor;
    });
  }
  return norm;
}

}  // namespace fovea
