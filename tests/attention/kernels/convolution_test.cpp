#include "attention/kernels/convolution.h"

#include "attention/kernels/filter_gradient.h"
#include "tests/support/isa.h"
#include "tests/support/random_tensor.h"

// The values are judged in tests/attention/ops/convolution_test.cpp.
namespace fovea::kernels {
namespace {

struct Case {
  const char* name;
  Shape x;
  int64_t groups, outputs;  // outputs of a group
  Window window;
};

const Case kCases[] = {
    {"3x3", {2, 17, 33, 20}, 1, 41, {.size = {3, 3}, .padding = {1, 1}}},
    {"3x3, in place", {3, 9, 11, 130}, 1, 7, {.size = {3, 3}}},
    {"few channels", {1, 40, 23, 3}, 1, 9, {.size = {3, 3}, .stride = {2, 1}, .padding = {1, 1}}},
    {"small pictures", {50, 2, 2, 30}, 1, 5, {.size = {3, 3}, .padding = {1, 1}}},
    {"groups", {2, 9, 10, 24}, 3, 10, {.size = {3, 2}, .dilation = {1, 2}, .padding = {1, 1}}},
    {"depthwise", {2, 19, 31, 13}, 13, 1, {.size = {3, 3}, .padding = {1, 1}}},
    {"product", {3, 9, 31, 13}, 1, 100, {}},
    {"starts inside", {2, 9, 9, 6}, 1, 8, {.size = {2, 2}, .padding = {-1, -2}}},
};

constexpr float kMark = -77.25f;

// A convolution into every other pixel of every other row of a larger map.
struct Apart {
  explicit Apart(const Case& c)
      : x(random_tensor(c.x, 1)),
        weight(
            random_tensor({c.groups * c.outputs, c.x[3] / c.groups, c.window.size[0], c.window.size[1]}, 2)),
        bias(random_tensor({c.groups * c.outputs}, 3)) {
    const int64_t channels = c.x[3] / c.groups, taps = c.window.taps(), width = c.window.size[1];
    packed = PackedConvolution({.data = weight.data(),
                                .groups = c.groups,
                                .outputs = c.outputs,
                                .channels = channels,
                                .group_stride = c.outputs * channels * taps,
                                .output_stride = channels * taps,
                                .channel_stride = taps,
                                .tap_stride = {width, 1}},
                               c.window);
    const auto size = [&](int64_t in, size_t i) {
      return (in + 2 * c.window.padding[i] - (c.window.size[i] - 1) * c.window.dilation[i] - 1) /
                 c.window.stride[i] +
             1;
    };
    out_height = size(c.x[1], 0), out_width = size(c.x[2], 1);
    map = Shape{c.x[0], 2 * out_height, 2 * out_width, c.groups * c.outputs + 1};
    residual = random_tensor(map, 4);
  }

  ConvolutionArgs args(Tensor& y) const {
    return {.x = x.data(),
            .pictures = x.dim(0),
            .height = x.dim(1),
            .width = x.dim(2),
            .w = &packed,
            .y = y.mutable_data(),
            .out_height = out_height,
            .out_width = out_width,
            .y_picture = map[1] * map[2] * map[3],
            .y_row = 2 * map[2] * map[3],
            .y_pixel = 2 * map[3],
            .bias = bias.data(),
            .residual = residual.data(),
            .activation = Activation::kSilu};
  }

  bool is_output(int64_t i) const {
    return i % map[3] != map[3] - 1 && i / map[3] % map[2] % 2 == 0 && i / map[3] / map[2] % map[1] % 2 == 0;
  }

  Tensor x, weight, bias, residual;
  PackedConvolution packed;
  int64_t out_height, out_width;
  Shape map;
};

void forwards(const ConvolutionPlan& plan) {
  Tensor scratch(Shape{plan.scratch() + 1});
  for (int64_t part = 0; part < plan.parts(); ++part)
    convolution(plan, part, 0, plan.shares(), plan.input(part, scratch.mutable_data()));
}

// Shares one at a time, the last first, each part with a scratch of its own.
void backwards(const ConvolutionPlan& plan) {
  const int64_t floats = plan.scratch();
  for (int64_t part = plan.parts() - 1; part >= 0; --part) {
    Tensor scratch = Tensor::full({floats + 1}, kMark);
    const BlockInput input = plan.input(part, scratch.mutable_data());
    for (int64_t share = plan.shares() - 1; share >= 0; --share)
      convolution(plan, part, share, share + 1, input);
    ASSERT_EQ(scratch.data()[floats], kMark) << "the scratch overflowed";
  }
}

TEST(ConvolutionKernel, WritesItsOutputsAloneAndInAnyOrder) {
  for_each_isa([] {
    for (const Case& c : kCases) {
      SCOPED_TRACE(c.name);
      const Apart apart(c);
      Tensor y = Tensor::full(apart.map, kMark), again = Tensor::full(apart.map, kMark);
      forwards(ConvolutionPlan(apart.args(y)));
      backwards(ConvolutionPlan(apart.args(again)));
      EXPECT_TRUE(same_bits(y, again));
      for (int64_t i = 0; i < y.count(); ++i)
        ASSERT_EQ(y.data()[i] != kMark, apart.is_output(i)) << "at " << i;
    }
  });
}

TEST(ConvolutionKernel, TheWorkFallsIntoSharesForManyThreads) {
  const Case large{"large", {32, 16, 16, 32}, 1, 32, {.size = {3, 3}, .padding = {1, 1}}};
  const Case deep{"deep", {1, 7, 7, 64}, 1, 512, {.size = {3, 3}, .padding = {1, 1}}};
  for (const Case& c : {large, deep}) {
    const Apart apart(c);
    Tensor y(apart.map);
    const ConvolutionPlan plan(apart.args(y));
    EXPECT_GE(plan.parts() * plan.shares(), 8) << c.name;
    EXPECT_LE(plan.scratch(), int64_t{1} << 18) << c.name;
  }
}

FilterGradientArgs gradient_args(const Apart& apart, const Case& c, const Tensor& dy) {
  return {.x = apart.x.data(),
          .dy = dy.data(),
          .pictures = c.x[0],
          .height = c.x[1],
          .width = c.x[2],
          .channels = c.x[3],
          .out_height = apart.out_height,
          .out_width = apart.out_width,
          .outputs = c.groups * c.outputs,
          .groups = c.groups,
          .window = c.window};
}

TEST(FilterGradientKernel, ChannelsApartGiveTheSameBits) {
  for_each_isa([] {
    for (const Case& c : kCases) {
      SCOPED_TRACE(c.name);
      const Apart apart(c);
      const Tensor dy = random_tensor({c.x[0], apart.out_height, apart.out_width, c.groups * c.outputs}, 5);
      const FilterGradientArgs args = gradient_args(apart, c, dy);
      const int64_t channels = c.x[3] / c.groups, floats = filter_gradient_scratch(args, channels);
      const int64_t size = filter_gradient_sums(args);
      for (int64_t group = 0; group < c.groups; ++group) {
        Tensor whole = Tensor::full({size + 1}, 0), parts = Tensor::full({size + 1}, 0);
        Tensor scratch = Tensor::full({floats + 1}, kMark);
        whole.mutable_data()[size] = parts.mutable_data()[size] = kMark;
        filter_gradient(args, {0, c.x[0], group, 0, channels}, scratch.mutable_data(), whole.mutable_data());
        for (int64_t first = (channels - 1) / 4 * 4; first >= 0; first -= 4)
          filter_gradient(args, {0, c.x[0], group, first, std::min(channels, first + 4)},
                          scratch.mutable_data(), parts.mutable_data());
        EXPECT_TRUE(same_bits(whole, parts));
        EXPECT_EQ(whole.data()[size], kMark);
        EXPECT_EQ(scratch.data()[floats], kMark) << "the scratch overflowed";
      }
    }
  });
}

}  // namespace
}  // namespace fovea::kernels
