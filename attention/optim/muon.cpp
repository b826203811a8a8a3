#include "attention/optim/muon.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/matmul.h"
#include "attention/ops/rearrange.h"
#include "attention/ops/reorder.h"
#include "attention/optim/state.h"

namespace fovea {
namespace {

constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;  // a x + b x^3 + c x^5, on each singular value
constexpr int64_t kGrain = 16384;

// A step as AdamW takes it has about this root mean square.
constexpr float kStepSize = 0.2f;

// p x + q y
Tensor combined(float p, const Tensor& x, float q, const Tensor& y) {
  Tensor out(x.shape());
  const float *a = x.data(), *b = y.data();
  float* to = out.mutable_data();
  parallel_for(x.count(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) to[i] = p * a[i] + q * b[i];
  });
  return out;
}

Tensor of_length_one(const Tensor& x) {
  double squares = 0;
  for (const float v : x.values()) squares += static_cast<double>(v) * v;
  const auto inverse = static_cast<float>(1 / (std::sqrt(squares) + 1e-7));
  return combined(inverse, x, 0, x);
}

}  // namespace

Tensor orthogonalised(const Tensor& matrix, int iterations) {
  const int64_t rows = matrix.dim(0), columns = matrix.dim(1);
  Tensor x = of_length_one(reshape(matrix, {1, rows, columns}));
  if (rows > columns) x = permute(x, {0, 2, 1});  // the smaller square is the cheaper one
  for (int i = 0; i < iterations; ++i) {
    const Tensor square = matmul_transposed(x, x);
    const Tensor powers = combined(kB, square, kC, matmul_transposed(square, square));  // it is symmetric
    x = combined(kA, x, 1, matmul(powers, x));
  }
  if (rows > columns) x = permute(x, {0, 2, 1});
  return reshape(x, {rows, columns});
}

Muon::Muon(std::vector<ParameterGroup> matrices, std::vector<ParameterGroup> others, const MuonConfig& config)
    : config_(config), matrices_(std::move(matrices)), others_(others) {
  others.insert(others.end(), matrices_.begin(), matrices_.end());
  expect_each_once(others, "muon");
  for (const ParameterGroup& group : matrices_)
    for (const Parameter& p : group.parameters) {
      if (p.value.shape().rank() < 2)
        fail("muon: ", p.name, " is ", p.value.shape(), ", not a matrix; leave it to AdamW");
      momenta_.push_back(Tensor::full(p.value.shape(), 0));
    }
}

void Muon::step(const Gradients& gradients, float learning_rate) {
  others_.step(gradients, learning_rate);
  size_t i = 0;
  for (const ParameterGroup& group : matrices_)
    for (const Parameter& p : group.parameters) {
      const Tensor& momentum = momenta_[i++];
      if (gradients.has(p.value))
        update(p.value, gradients[p.value], momentum, learning_rate * group.rate, group.weight_decay);
    }
}

void Muon::update(Tensor value, const Tensor& gradient, Tensor momentum, float rate, float decay) const {
  const int64_t rows = value.dim(0), columns = value.count() / rows;
  const float keep = config_.momentum, *g = gradient.data();
  Tensor ahead({rows, columns});
  float *m = momentum.mutable_data(), *a = ahead.mutable_data();
  parallel_for(value.count(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      m[j] = keep * m[j] + (1 - keep) * g[j];
      a[j] = keep * m[j] + (1 - keep) * g[j];
    }
  });
  const Tensor direction = orthogonalised(ahead, config_.iterations);
  const float length = rate * kStepSize * std::sqrt(static_cast<float>(std::max(rows, columns)));
  const float shrink = 1 - rate * decay, *d = direction.data();
  float* w = value.mutable_data();
  parallel_for(value.count(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) w[j] = shrink * w[j] - length * d[j];
  });
}

std::map<std::string, Tensor> Muon::shared_state() const {
  RunState state;
  size_t i = 0;
  for (const ParameterGroup& group : matrices_)
    for (const Parameter& p : group.parameters) state["momentum." + p.name] = momenta_[i++];
  return state;
}

std::map<std::string, Tensor> Muon::state() const {
  RunState state = others_.state();
  state.merge(copy_of(shared_state()));
  return state;
}

void Muon::load(const std::map<std::string, Tensor>& state) {
  RunState ours, others = state;
  for (const auto& [name, value] : shared_state())
    if (auto found = others.extract(name)) ours.insert(std::move(found));
  restore(ours, shared_state(), "muon");
  others_.load(others);
}

}  // namespace fovea
