#include "attention/kernels/deformable.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "attention/kernels/deformable.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include <algorithm>

#include "attention/kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {

constexpr int64_t kBlock = 64;  // points whose neighbours are known at a time

// The four tokens around each point, the upper two first, and how much of each; 0 of one beyond the map.
struct Neighbours {
  HWY_ALIGN int32_t token[4][kBlock];
  HWY_ALIGN float share[4][kBlock];
  HWY_ALIGN float by_x[4][kBlock], by_y[4][kBlock];  // the shares' derivatives, in cells
};

// Of one axis: the two cells around some places, and their shares with their derivatives.
struct Axis {
  HWY_INLINE Axis(V place, V size) {
    const V zero = hn::Zero(D()), one = Constant(1.f);
    const V at = hn::MulSub(place, size, Constant(0.5f));
    inside = hn::And(hn::Ge(at, Constant(-1.f)), hn::Lt(at, size));  // not for NaN
    const V first = hn::Floor(hn::IfThenElseZero(inside, at)), second = hn::Add(first, one);
    const auto has_first = hn::Ge(first, zero), has_second = hn::Lt(second, size);
    const V far = hn::Sub(hn::IfThenElseZero(inside, at), first);
    cell[0] = hn::Max(first, zero);
    cell[1] = hn::IfThenElse(has_second, second, cell[0]);
    share[0] = hn::IfThenElseZero(has_first, hn::Sub(one, far));
    share[1] = hn::IfThenElseZero(has_second, far);
    slope[0] = hn::IfThenElseZero(has_first, Constant(-1.f));
    slope[1] = hn::IfThenElseZero(has_second, one);
  }
  V cell[2], share[2], slope[2];
  hn::Mask<D> inside;
};

// Points [p, p + kLanes) of a query -> near, from `at`; of which only the first `count` are there.
template <bool kSlopes>
HWY_INLINE void FindSome(const DeformablePicture& picture, const float* places, int64_t p, int64_t count,
                         int64_t at, Neighbours& near) {
  const D d;
  const hn::RebindToSigned<D> di;
  HWY_ALIGN float part[2 * kLanes];
  if (count < kLanes) {
    for (int64_t i = 0; i < 2 * kLanes; ++i) part[i] = i < 2 * count ? places[2 * p + i] : 0;
    places = part - 2 * p;
  }
  V px, py;
  hn::LoadInterleaved2(d, places + 2 * p, px, py);
  const V width = hn::LoadU(d, picture.width + p);
  const Axis x(px, width), y(py, hn::LoadU(d, picture.height + p));
  const auto start = hn::LoadU(di, picture.start + p);
  const auto inside = hn::And(x.inside, y.inside);
  for (int t = 0; t < 4; ++t) {
    const int i = t % 2, j = t / 2;
    const auto cell = hn::ConvertTo(di, hn::MulAdd(y.cell[j], width, x.cell[i]));
    hn::Store(hn::Add(start, cell), di, near.token[t] + at);
    hn::Store(hn::IfThenElseZero(inside, hn::Mul(x.share[i], y.share[j])), d, near.share[t] + at);
    if constexpr (!kSlopes) continue;
    hn::Store(hn::IfThenElseZero(inside, hn::Mul(x.slope[i], y.share[j])), d, near.by_x[t] + at);
    hn::Store(hn::IfThenElseZero(inside, hn::Mul(x.share[i], y.slope[j])), d, near.by_y[t] + at);
  }
}

// Points [begin, begin + count) of a query, numbered over its heads; count <= kBlock.
template <bool kSlopes>
HWY_INLINE void Find(const DeformablePicture& picture, const float* places, int64_t begin, int64_t count,
                     Neighbours& near) {
  for (int64_t i = 0; i < count; i += kLanes)
    FindSome<kSlopes>(picture, places, begin + i, std::min(kLanes, count - i), i, near);
}

// kWhole: `width` is known to be kLanes.
template <bool kWhole = false>
HWY_INLINE V LoadSome(const float* p, int64_t width) {
  if (kWhole || width >= kLanes) return hn::LoadU(D(), p);
  HWY_ALIGN float part[kLanes] = {};
  for (int64_t i = 0; i < width; ++i) part[i] = p[i];
  return hn::Load(D(), part);
}

template <bool kWhole = false>
HWY_INLINE void StoreSome(V v, float* p, int64_t width) {
  if (kWhole || width >= kLanes) return hn::StoreU(v, D(), p);
  HWY_ALIGN float part[kLanes];
  hn::Store(v, D(), part);
  for (int64_t i = 0; i < width; ++i) p[i] = part[i];
}

// Some points of a head, and a range of its columns.
struct Piece {
  const Neighbours& near;
  int64_t first, count;    // points of `near`
  const float* weights;    // of point 0 of `near`
  int64_t stride;          // floats from token to token
  int64_t width = kLanes;  // columns of the last vector
};

// y += what `piece` samples, on kVectors vectors of columns. Two chains where one would wait for itself.
template <int kVectors, bool kWhole>
HWY_INLINE void AddSamples(const Piece& piece, const float* value, float* y) {
  constexpr int kChains = kVectors < 3 ? 2 : 1;
  V sum[kChains][kVectors];
  for (int i = 0; i < kVectors; ++i) sum[0][i] = LoadSome<kWhole>(y + i * kLanes, piece.width);
  for (int i = 0; i < kVectors && kChains > 1; ++i) sum[kChains - 1][i] = hn::Zero(D());
  for (int64_t p = piece.first; p < piece.first + piece.count; ++p)
    for (int t = 0; t < 4; ++t) {
      const float* token = value + piece.near.token[t][p] * piece.stride;
      const V factor = Constant(piece.weights[p] * piece.near.share[t][p]);
      for (int i = 0; i < kVectors; ++i) {
        V& s = sum[t % kChains][i];
        s = hn::MulAdd(factor, LoadSome<kWhole>(token + i * kLanes, piece.width), s);
      }
    }
  for (int i = 0; i < kVectors; ++i) {
    if (kChains > 1) sum[0][i] = hn::Add(sum[0][i], sum[kChains - 1][i]);
    StoreSome<kWhole>(sum[0][i], y + i * kLanes, piece.width);
  }
}

// Calls body(number of vectors and whether they are whole, as types, first column, columns of the last
// vector) over n columns.
template <class Body>
HWY_INLINE void OverColumns(int64_t n, const Body& body) {
  using Whole = std::true_type;
  int64_t c = 0;
  for (; c + 4 * kLanes <= n; c += 4 * kLanes) body(std::integral_constant<int, 4>(), Whole(), c, kLanes);
  if (c + 2 * kLanes <= n) {
    body(std::integral_constant<int, 2>(), Whole(), c, kLanes);
    c += 2 * kLanes;
  }
  if (c + kLanes <= n) {
    body(std::integral_constant<int, 1>(), Whole(), c, kLanes);
    c += kLanes;
  }
  if (c < n) body(std::integral_constant<int, 1>(), std::false_type(), c, n - c);
}

void Deformable(const DeformablePicture& picture, int64_t begin, int64_t end, float* y) {
  const int64_t all = picture.heads * picture.points, stride = picture.heads * picture.dim;
  Neighbours near;
  for (int64_t q = begin; q < end; ++q) {
    std::fill_n(y + q * stride, stride, 0.f);
    for (int64_t begin_point = 0; begin_point < all; begin_point += kBlock) {
      const int64_t end_point = std::min(all, begin_point + kBlock);
      Find<false>(picture, picture.places + q * all * 2, begin_point, end_point - begin_point, near);
      for (int64_t p = begin_point, next; p < end_point; p = next) {
        const int64_t head = p / picture.points;
        next = std::min(end_point, (head + 1) * picture.points);
        Piece piece{near, p - begin_point, next - p, picture.weights + q * all + begin_point, stride};
        OverColumns(picture.dim, [&](auto vectors, auto whole, int64_t c, int64_t width) HWY_ATTR {
          piece.width = width;
          c += head * picture.dim;
          AddSamples<vectors(), whole()>(piece, picture.value + c, y + q * stride + c);
        });
      }
    }
  }
}

// The sums of four vectors -> sums [4].
HWY_INLINE void StoreSums(const V (&v)[4], float* sums) {
#if HWY_TARGET == HWY_SCALAR
  for (int t = 0; t < 4; ++t) sums[t] = hn::GetLane(v[t]);
#else
  const D d;
  const hn::Repartition<double, D> pairs;
  const hn::Full128<float> d4;
  const V a = hn::Add(hn::InterleaveLower(d, v[0], v[1]), hn::InterleaveUpper(d, v[0], v[1]));
  const V b = hn::Add(hn::InterleaveLower(d, v[2], v[3]), hn::InterleaveUpper(d, v[2], v[3]));
  const auto c = hn::BitCast(pairs, a), e = hn::BitCast(pairs, b);
  HWY_ALIGN float blocks[kLanes];
  hn::Store(hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, c, e)),
                    hn::BitCast(d, hn::InterleaveUpper(pairs, c, e))),
            d, blocks);
  auto sum = hn::Load(d4, blocks);
  for (int64_t i = 4; i < kLanes; i += 4) sum = hn::Add(sum, hn::Load(d4, blocks + i));
  hn::StoreU(sum, d4, sums);
#endif
}

// dots [points, 4]: the products of dy with each neighbour; dvalue += each one's part of dy.
template <int kVectors, bool kWhole, bool kScatter>
HWY_INLINE void AddGradients(const Piece& piece, const float* value, const float* dy, float* dvalue,
                             float* dots) {
  V g[kVectors];
  for (int i = 0; i < kVectors; ++i) g[i] = LoadSome<kWhole>(dy + i * kLanes, piece.width);
  for (int64_t p = 0; p < piece.count; ++p) {
    V dot[4];
    for (int t = 0; t < 4; ++t) {
      const int64_t token = piece.near.token[t][p] * piece.stride;
      const V factor = Constant(piece.weights[p] * piece.near.share[t][p]);
      dot[t] = hn::Zero(D());
      for (int i = 0; i < kVectors; ++i) {
        dot[t] = hn::MulAdd(g[i], LoadSome<kWhole>(value + token + i * kLanes, piece.width), dot[t]);
        if constexpr (!kScatter) continue;
        float* to = dvalue + token + i * kLanes;
        const V sum = hn::MulAdd(factor, g[i], LoadSome<kWhole>(to, piece.width));
        StoreSome<kWhole>(sum, to, piece.width);
      }
    }
    StoreSums(dot, dots + 4 * p);
  }
}

// The gradients of places and weights from the dots, kLanes points from `i` of `near`.
HWY_INLINE void FinishSome(const DeformablePicture& picture, const Piece& piece, const float* dots, int64_t i,
                           int64_t point, float* places, float* weights) {
  const D d;
  V dot[4], w = hn::Zero(d), x = w, y = w;
  hn::LoadInterleaved4(d, dots + 4 * i, dot[0], dot[1], dot[2], dot[3]);
  for (int t = 0; t < 4; ++t) {
    w = hn::MulAdd(dot[t], hn::Load(d, piece.near.share[t] + i), w);
    x = hn::MulAdd(dot[t], hn::Load(d, piece.near.by_x[t] + i), x);
    y = hn::MulAdd(dot[t], hn::Load(d, piece.near.by_y[t] + i), y);
  }
  const int64_t count = std::min(kLanes, piece.count - i);
  const V weight = LoadSome(piece.weights + i, count);
  x = hn::Mul(x, hn::Mul(weight, hn::LoadU(d, picture.width + point)));
  y = hn::Mul(y, hn::Mul(weight, hn::LoadU(d, picture.height + point)));
  StoreSome(w, weights, count);
  if (count == kLanes) return hn::StoreInterleaved2(x, y, d, places);
  HWY_ALIGN float part[2 * kLanes];
  hn::StoreInterleaved2(x, y, d, part);
  for (int64_t k = 0; k < 2 * count; ++k) places[k] = part[k];
}

// The products of more columns join those of the first.
HWY_INLINE void Join(const float* more, int64_t count, bool first, float* dots) {
  if (first) return;
  for (int64_t i = 0; i < 4 * count; ++i) dots[i] += more[i];
}

template <bool kScatter>
HWY_INLINE void GradientOfQuery(const DeformablePicture& picture, int64_t head, int64_t q,
                                const DeformableGradients& gradients) {
  const int64_t all = picture.heads * picture.points, stride = picture.heads * picture.dim;
  Neighbours near;
  HWY_ALIGN float dots[4 * kBlock], more[4 * kBlock];
  for (int64_t p = head * picture.points; p < (head + 1) * picture.points; p += kBlock) {
    const int64_t count = std::min(kBlock, (head + 1) * picture.points - p), at = q * all + p;
    Find<true>(picture, picture.places + q * all * 2, p, count, near);
    Piece piece{near, 0, count, picture.weights + at, stride};
    OverColumns(picture.dim, [&](auto vectors, auto whole, int64_t c, int64_t width) HWY_ATTR {
      piece.width = width;
      const int64_t column = head * picture.dim + c;
      AddGradients<vectors(), whole(), kScatter>(
          piece, picture.value + column, gradients.dy + q * stride + column,
          kScatter ? gradients.value + column : nullptr, c == 0 ? dots : more);
      Join(more, count, c == 0, dots);
    });
    for (int64_t i = 0; i < count; i += kLanes)
      FinishSome(picture, piece, dots, i, p + i, gradients.places + 2 * (at + i), gradients.weights + at + i);
  }
}

void DeformableGradient(const DeformablePicture& picture, int64_t head, int64_t queries,
                        const DeformableGradients& gradients) {
  for (int64_t q = 0; q < queries; ++q) {
    if (gradients.value) {
      GradientOfQuery<true>(picture, head, q, gradients);
    } else {
      GradientOfQuery<false>(picture, head, q, gradients);
    }
  }
}

}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "attention/base/isa.h"

namespace fovea::kernels {

HWY_EXPORT(Deformable);
HWY_EXPORT(DeformableGradient);

void deformable(const DeformablePicture& picture, int64_t begin, int64_t end, float* y) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(Deformable)(picture, begin, end, y);
}

void deformable_gradient(const DeformablePicture& picture, int64_t head, int64_t queries,
                         const DeformableGradients& gradients) {
  active_isa();
  HWY_DYNAMIC_DISPATCH(DeformableGradient)(picture, head, queries, gradients);
}

}  // namespace fovea::kernels
#endif
