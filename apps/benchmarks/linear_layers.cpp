// What share of this machine's multiply-add peak the linear layers reach. Peak and product are timed in turn, so that
// a busy neighbour slows both. usage: fovea_linear_layers [REPEATS]
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "apps/benchmarks/linear_layers.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// 12 independent chains of multiply-adds in registers; returns the floating-point operations done.
double MultiplyAdd(long rounds, float* keep) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int kChains = 12;
  V sum[kChains];
  const V factor = hn::Set(d, keep[0]), term = hn::Set(d, keep[1]);
  for (int i = 0; i < kChains; ++i) sum[i] = hn::Set(d, 0.1f * static_cast<float>(i));
  for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sum[i] = hn::MulAdd(sum[i], factor, term);
  }
  V total = sum[0];
  for (int i = 1; i < kChains; ++i) total = hn::Add(total, sum[i]);
  keep[2] = hn::GetLane(hn::SumOfLanes(d, total));
  return static_cast<double>(rounds) * kChains * 2 * static_cast<double>(hn::Lanes(d));
}

}  // namespace fovea::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "attention/base/isa.h"
#include "attention/base/parallel.h"
#include "attention/ops/linear.h"

namespace fovea {
HWY_EXPORT(MultiplyAdd);

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double peak() {  // operations per second
  float keep[3] = {0.999f, 1e-3f, 0};
  const double start = seconds(), work = HWY_DYNAMIC_DISPATCH(MultiplyAdd)(200000, keep);
  return work / (seconds() - start);
}

Tensor noise(Shape shape) {
  Tensor t(shape);
  for (int64_t i = 0; i < t.count(); ++i) t.mutable_data()[i] = std::sin(0.37f * static_cast<float>(i % 100003));
  return t;
}

struct Layer {
  const char* name;
  int64_t rows, in, out;
  Activation activation = Activation::kNone;
  bool residual = false;
};
constexpr Layer kLayers[] = {
    {"ViT-B q", 197, 768, 768},
    {"ViT-B out + residual", 197, 768, 768, Activation::kNone, true},
    {"ViT-B fc1 + GELU", 197, 768, 3072, Activation::kGelu},
    {"ViT-B fc2 + residual", 197, 3072, 768, Activation::kNone, true},
    {"ViT-B fc1 + GELU, batch 8", 1576, 768, 3072, Activation::kGelu},
    {"DeiT-Tiny q", 197, 192, 192},
    {"DeiT-Tiny fc1 + GELU", 197, 192, 768, Activation::kGelu},
    {"DeiT-Tiny fc2 + residual", 197, 768, 192, Activation::kNone, true},
};

void measure(const Layer& layer, int repeats) {
  // As many different weights as fill 64 MB: a model's layers never find theirs in the cache.
  const int64_t copies = std::max<int64_t>(2, (64 << 20) / (4 * layer.in * layer.out));
  std::vector<kernels::PackedMatrix> weights;
  for (int64_t i = 0; i < copies; ++i) weights.push_back(pack_linear(noise({layer.out, layer.in})));
  const Tensor x = noise({layer.rows, layer.in}), bias = noise({layer.out});
  const Then then{layer.activation, layer.residual ? noise({layer.rows, layer.out}) : Tensor()};
  const double work = 2.0 * static_cast<double>(layer.rows * layer.in * layer.out);
  const int calls = std::max(1, static_cast<int>(1e9 / work));
  std::vector<double> shares, rates;
  size_t next = 0;
  for (int r = 0; r < repeats; ++r) {
    const double before = peak(), start = seconds();
    for (int c = 0; c < calls; ++c) linear(x, weights[next++ % weights.size()], bias, then);
    const double rate = work * calls / (seconds() - start), after = peak();
    shares.push_back(rate / ((before + after) / 2));
    rates.push_back(rate);
  }
  std::nth_element(shares.begin(), shares.begin() + repeats / 2, shares.end());
  std::nth_element(rates.begin(), rates.begin() + repeats / 2, rates.end());
  fmt::print("| {} | {} x {} x {} | {:.1f} | {:.0f} % |\n", layer.name, layer.rows, layer.in, layer.out,
             rates[static_cast<size_t>(repeats / 2)] / 1e9, 100 * shares[static_cast<size_t>(repeats / 2)]);
}

}  // namespace
}  // namespace fovea

int main(int argc, char** argv) {
  const int repeats = argc > 1 ? std::max(1, std::atoi(argv[1])) : 21;
  fmt::print("{}, 1 thread, median of {}\n\n", fovea::active_isa(), repeats);
  fmt::print("| layer | rows x in x out | GFLOP/s | of the multiply-add peak |\n|---|---|---|---|\n");
  fovea::Threads(1).run([repeats] {
    for (const fovea::Layer& layer : fovea::kLayers) fovea::measure(layer, repeats);
  });
}
#endif
