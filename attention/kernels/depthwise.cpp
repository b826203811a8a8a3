#include "attention/kernels/depthwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/depthwise.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <algorithm>

#include "attention/base/isa.h"
#include "attention/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

// The first n lanes; the others are 0.
HWY_INLINE V LoadFirst(const float* from, int64_t n) {
  const D d;
  if (n == kLanes) return hn::LoadU(d, from);
  HWY_ALIGN float lanes[kLanes] = {};
  std::copy_n(from, n, lanes);
  return hn::Load(d, lanes);
}

HWY_INLINE void StoreFirst(V v, float* to, int64_t n) {
  const D d;
  if (n == kLanes) return hn::StoreU(v, d, to);
  HWY_ALIGN float lanes[kLanes];
  hn::Store(v, d, lanes);
  std::copy_n(lanes, n, to);
}

// kPixels neighbours in a row, one vector of channels from c on; x is the window of the first.
template <int kPixels>
HWY_INLINE void Pixels(const ConvolutionArgs& args, const BlockInput& in, const float* x, int64_t c,
                       int64_t y) {
  const D d;
  const Window& window = args.w->window();
  const int64_t step = in.pixel * window.stride[1];
  const float* w = args.w->data() + c;
  V sum[kPixels];
#pragma GCC unroll 4
  for (int p = 0; p < kPixels; ++p) sum[p] = hn::Zero(d);
  for (int64_t i = 0; i < window.size[0]; ++i)
    for (int64_t j = 0; j < window.size[1]; ++j, w += in.pixel) {
      const float* tap = x + i * window.dilation[0] * in.row + j * window.dilation[1] * in.pixel + c;
      const V weight = hn::LoadU(d, w);
#pragma GCC unroll 4
      for (int p = 0; p < kPixels; ++p) sum[p] = hn::MulAdd(hn::LoadU(d, tap + p * step), weight, sum[p]);
    }
  const int64_t n = std::min(kLanes, args.w->channels() - c);
  for (int p = 0; p < kPixels; ++p) {
    const int64_t at = y + p * args.y_pixel + c;
    V v = args.bias ? hn::Add(LoadFirst(args.bias + c, n), sum[p]) : sum[p];
    if (args.residual) v = hn::Add(v, LoadFirst(args.residual + at, n));
    StoreFirst(Activate(args.activation, v), args.y + at, n);
  }
}

void DepthwiseBlock(const ConvolutionArgs& args, const ConvolutionBlock& b, const BlockInput& in) {
  const Window& window = args.w->window();
  for (int64_t p = 0; p < b.pictures; ++p)
    for (int64_t r = 0; r < b.rows; ++r) {
      const float* x = in.data + p * in.picture + r * window.stride[0] * in.row;
      const int64_t y = (b.picture + p) * args.y_picture + (b.row + r) * args.y_row + b.column * args.y_pixel;
      for (int64_t c = 0; c < in.pixel; c += kLanes) {
        int64_t i = 0;
        for (; i + 4 <= b.columns; i += 4)
          Pixels<4>(args, in, x + i * window.stride[1] * in.pixel, c, y + i * args.y_pixel);
        for (; i < b.columns; ++i)
          Pixels<1>(args, in, x + i * window.stride[1] * in.pixel, c, y + i * args.y_pixel);
      }
    }
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea::kernels {

HWY_EXPORT(DepthwiseBlock);

void depthwise_block(const ConvolutionArgs& args, const ConvolutionBlock& block, const BlockInput& input) {
  HWY_DYNAMIC_DISPATCH(DepthwiseBlock)(args, block, input);
}

}  // namespace fovea::kernels
#endif
