#include "attention/ops/convolution_chain.h"

#include <algorithm>
#include <utility>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/kernels/convolution.h"
#include "attention/kernels/packed_matrix.h"

namespace fovea {
namespace {

using kernels::ConvolutionArgs;
using kernels::PackedConvolution;

bool is_product(const PackedConvolution& w) {
  const kernels::Window& window = w.window();
  return w.groups() == 1 && window.taps() == 1 && window.stride == std::array<int64_t, 2>{1, 1} &&
         window.padding == std::array<int64_t, 2>{0, 0};
}

// The product over `pixels` pixels that lie side by side.
ConvolutionArgs over_pixels(const float* x, int64_t pixels, const ChainedConvolution& link, float* y,
                            const float* residual) {
  const int64_t outputs = link.weight.outputs();
  return {.x = x,
          .pictures = 1,
          .height = 1,
          .width = pixels,
          .w = &link.weight,
          .y = y,
          .out_height = 1,
          .out_width = pixels,
          .y_picture = pixels * outputs,
          .y_row = pixels * outputs,
          .y_pixel = outputs,
          .bias = link.bias.data(),
          .residual = residual,
          .activation = link.activation};
}

void run(const ConvolutionArgs& args) {
  const kernels::ConvolutionPlan plan(args);
  for (int64_t part = 0; part < plan.parts(); ++part)
    kernels::convolution(plan, part, 0, plan.shares(), plan.input(part, nullptr));  // a product as it lies
}

void check(const Tensor& x, const Tensor& residual, const ChainedConvolution& first,
           const ChainedConvolution& second) {
  if (!chain_suits(first.weight, second.weight) || x.shape().rank() != 4 ||
      x.dim(3) != first.weight.channels())
    fail("convolution chain: input ", x.shape(), " and ", first.weight.channels(), " -> ",
         first.weight.outputs(), " -> ", second.weight.outputs(), " channels do not suit it");
  if (residual && residual.shape() != x.shape().with_last(first.weight.outputs()))
    fail("convolution chain: residual ", residual.shape(), " for ", first.weight.outputs(), " channels");
  for (const ChainedConvolution* link : {&first, &second}) {
    if (link->weight.lanes() != kernels::vector_lanes())
      fail("convolution chain: the weights were packed for another instruction set");
    if (link->bias && link->bias.count() != link->weight.outputs())
      fail("convolution chain: bias ", link->bias.shape(), " for ", link->weight.outputs(), " channels");
  }
  if (recorded({x, residual, first.bias, second.bias}))
    fail("convolution chain: packed weights cannot pass gradients on");
}

}  // namespace

bool chain_suits(const PackedConvolution& first, const PackedConvolution& second) {
  constexpr int64_t kMostWeights = 128 * 1024;  // floats of both: the cache of a core, pixels beside them
  return first && second && is_product(first) && is_product(second) && first.outputs() == second.channels() &&
         first.outputs() * (first.channels() + second.outputs()) <= kMostWeights;
}

ChainOutput convolution_chain(const Tensor& x, Tensor residual, const ChainedConvolution& first,
                              const ChainedConvolution& second) {
  check(x, residual, first, second);
  const Tail tail{.residual = std::move(residual), .spends_residual = true};
  ChainOutput out{output_over(tail, x.shape().with_last(first.weight.outputs())),
                  Tensor(x.shape().with_last(second.weight.outputs()))};
  const int64_t pixels = x.dim(0) * x.dim(1) * x.dim(2), in = x.dim(3), middle = first.weight.outputs(),
                last = second.weight.outputs();
  const int64_t piece = std::clamp<int64_t>(16384 / middle / 4 * 4, 24, 96);
  float *y = out.first.mutable_data(), *z = out.second.mutable_data();
  parallel_for(pixels, piece, [&](int64_t begin, int64_t end) {
    run(over_pixels(x.data() + begin * in, end - begin, first, y + begin * middle,
                    tail.residual ? tail.residual.data() + begin * middle : nullptr));
    run(over_pixels(y + begin * middle, end - begin, second, z + begin * last, nullptr));
  });
  return out;
}

}  // namespace fovea
