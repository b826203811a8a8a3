#include "attention/kernels/winograd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/winograd.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <algorithm>

#include "attention/base/isa.h"
#include "attention/kernels/gemm.h"
#include "attention/kernels/winograd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

#define FOVEA_UNROLL _Pragma("GCC unroll 6")

struct TilePlace {
  int64_t picture, y, x;  // of its first output
};
HWY_INLINE TilePlace PlaceOf(const WinogradMap& map, int64_t tile) {
  const int64_t row = tile / map.tiles_x, side = outputs_of(map.tile);
  return {row / map.tiles_y, row % map.tiles_y * side, tile % map.tiles_x * side};
}

// Never inlined, as all three transforms of a tile: within a large function GCC keeps their vectors in
// memory.
template <class Transform>
HWY_NOINLINE void ForwardTile(const float* const* pixels, int64_t channels, const WinogradSlots& to,
                              float* out) {
  constexpr int kFrom = Transform::kFrom, kTo = Transform::kTo;
  const DC d;
  for (int64_t first = 0; first < channels; first += to.group, out += to.group_stride) {
    const int64_t last = std::min(channels, first + to.group);
    for (int64_t c = first; c < last; c += kChannelLanes) {
      VC columns[kTo][kFrom];
      FOVEA_UNROLL for (int j = 0; j < kFrom; ++j) {
        VC x[kFrom], y[kTo];
        FOVEA_UNROLL for (int i = 0; i < kFrom; ++i) x[i] = hn::LoadU(d, pixels[i * kFrom + j] + c);
        Transform::Apply(x, y);
        FOVEA_UNROLL for (int i = 0; i < kTo; ++i) columns[i][j] = y[i];
      }
      float* o = out + (c - first);
      FOVEA_UNROLL for (int i = 0; i < kTo; ++i) {
        VC y[kTo];
        Transform::Apply(columns[i], y);
        FOVEA_UNROLL for (int j = 0; j < kTo; ++j, o += to.position_stride) hn::StoreU(y[j], d, o);
      }
    }
  }
}

// Beyond the border a pixel is a row of zeros.
template <class Transform>
void ForwardTiles(const WinogradMap& map, const float* x, const float* zeros, const WinogradSlots& to,
                  int64_t begin, int64_t end) {
  constexpr int64_t kSide = Transform::kFrom;
  for (int64_t tile = begin; tile < end; ++tile) {
    const TilePlace place = PlaceOf(map, tile);
    const int64_t top = place.y - map.top, left = place.x - map.left;
    const float* picture = x + place.picture * map.height * map.width * map.channels;
    const float* pixels[kSide * kSide];
    for (int64_t i = 0; i < kSide; ++i)
      for (int64_t j = 0; j < kSide; ++j) {
        const int64_t y = top + i, z = left + j;
        const bool inside = y >= 0 && y < map.height && z >= 0 && z < map.width;
        pixels[i * kSide + j] = inside ? picture + (y * map.width + z) * map.channels : zeros;
      }
    ForwardTile<Transform>(pixels, map.channels, to, to.values + (tile - to.first_tile) * to.slot_stride);
  }
}

void Input(const WinogradMap& map, const float* x, const float* zeros, const WinogradSlots& to, int64_t begin,
           int64_t end) {
  const bool four = map.tile == WinogradTile::kFour;
  (four ? ForwardTiles<InputTransform> : ForwardTiles<SmallInputTransform>)(map, x, zeros, to, begin, end);
}

void OutputGradient(const WinogradMap& map, const float* dy, const float* zeros, const WinogradSlots& to,
                    int64_t begin, int64_t end) {
  ForwardTiles<OutputGradientTransform>(map, dy, zeros, to, begin, end);
}

// Output pixel (i, j) of the tile goes to y + at[outputs a side * i + j]; a negative one lies beyond the map.
template <class Transform, bool kRelu>
HWY_NOINLINE void OutputTile(const float* m, int64_t position_stride, int64_t channels, const int64_t* at,
                             const Epilogue& tail, float* y) {
  constexpr int kFrom = Transform::kFrom, kTo = Transform::kTo;
  const DC d;
  for (int64_t c = 0; c < channels; c += kChannelLanes) {
    VC columns[kTo][kFrom];
    FOVEA_UNROLL for (int j = 0; j < kFrom; ++j) {
      VC x[kFrom], out[kTo];
      FOVEA_UNROLL for (int i = 0; i < kFrom; ++i) x[i] =
          hn::LoadU(d, m + (i * kFrom + j) * position_stride + c);
      Transform::Apply(x, out);
      FOVEA_UNROLL for (int i = 0; i < kTo; ++i) columns[i][j] = out[i];
    }
    const VC bias = tail.bias ? hn::LoadU(d, tail.bias + c) : hn::Zero(d);
    FOVEA_UNROLL for (int i = 0; i < kTo; ++i) {
      VC out[kTo];
      Transform::Apply(columns[i], out);
      FOVEA_UNROLL for (int j = 0; j < kTo; ++j) {
        const int64_t pixel = at[i * kTo + j];
        if (pixel < 0) continue;
        VC v = hn::Add(out[j], bias);
        if (tail.residual) v = hn::Add(v, hn::LoadU(d, tail.residual + pixel + c));
        if (kRelu) v = hn::IfThenZeroElse(hn::Lt(v, hn::Zero(d)), v);
        hn::StoreU(v, d, y + pixel + c);
      }
    }
  }
}

template <class Transform>
void OutputTiles(const WinogradMap& map, const WinogradSlots& from, const Epilogue& tail, float* y,
                 int64_t begin, int64_t end) {
  constexpr int64_t kSide = Transform::kTo;
  for (int64_t tile = begin; tile < end; ++tile) {
    const TilePlace place = PlaceOf(map, tile);
    int64_t at[kSide * kSide];
    for (int64_t i = 0; i < kSide; ++i)
      for (int64_t j = 0; j < kSide; ++j) {
        const int64_t row = place.y + i, column = place.x + j;
        const int64_t pixel = (place.picture * map.height + row) * map.width + column;
        at[i * kSide + j] = row < map.height && column < map.width ? pixel * map.channels : -1;
      }
    const float* m = from.values + (tile - from.first_tile) * from.slot_stride;
    const bool relu = tail.activation == Activation::kRelu;
    (relu ? OutputTile<Transform, true> : OutputTile<Transform, false>)(m, from.position_stride, map.channels,
                                                                        at, tail, y);
    if (relu || tail.activation == Activation::kNone) continue;
    for (int64_t pixel : at)
      if (pixel >= 0) activate(tail.activation, y + pixel, y + pixel, map.channels);
  }
}

void Output(const WinogradMap& map, const WinogradSlots& from, const Epilogue& tail, float* y, int64_t begin,
            int64_t end) {
  const bool four = map.tile == WinogradTile::kFour;
  (four ? OutputTiles<OutputTransform> : OutputTiles<SmallOutputTransform>)(map, from, tail, y, begin, end);
}
#undef FOVEA_UNROLL

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fovea::kernels {

HWY_EXPORT(Input);
HWY_EXPORT(OutputGradient);
HWY_EXPORT(Output);

void winograd_input(const WinogradMap& map, const float* x, const float* zeros, const WinogradSlots& to,
                    int64_t begin, int64_t end) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(Input)(map, x, zeros, to, begin, end);
}

void winograd_output_gradient(const WinogradMap& map, const float* dy, const float* zeros,
                              const WinogradSlots& to, int64_t begin, int64_t end) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(OutputGradient)(map, dy, zeros, to, begin, end);
}

void winograd_output(const WinogradMap& map, const WinogradSlots& from, const Epilogue& tail, float* y,
                     int64_t begin, int64_t end) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(Output)(map, from, tail, y, begin, end);
}

}  // namespace fovea::kernels
#endif
