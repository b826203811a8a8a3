#include "attention/ops/embedding_loss.h"

#include <cmath>
#include <vector>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/pointwise.h"

namespace fovea {
namespace {

constexpr int64_t kRows = 32;

void expect_rows(const char* op, const Tensor& a, const Tensor& b) {
  if (a.shape().rank() != 2 || a.shape() != b.shape())
    fail(op, ": ", a.shape(), " and ", b.shape(), " are not both the same [B, D]");
}

struct Cosine {
  double aa = 1e-12, bb = 1e-12, ab = 0;  // squares plus PyTorch's epsilon
  Cosine(const float* a, const float* b, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      aa += static_cast<double>(a[i]) * a[i];
      bb += static_cast<double>(b[i]) * b[i];
      ab += static_cast<double>(a[i]) * b[i];
    }
  }
  double value() const { return ab / std::sqrt(aa * bb); }
};

Tensor cosine(const Tensor& a, const Tensor& b) {
  const int64_t B = a.dim(0), D = a.dim(1);
  Tensor y(Shape{B});
  for (int64_t r = 0; r < B; ++r)
    y.mutable_data()[r] = static_cast<float>(Cosine(a.data() + r * D, b.data() + r * D, D).value());
  return record(y, {a, b}, [a, b, B, D](const Tensor& dy) {
    Tensor da = a.grad_node() ? Tensor(a.shape()) : Tensor(),
           db = b.grad_node() ? Tensor(a.shape()) : Tensor();
    parallel_for(B, kRows, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const Cosine c(a.data() + r * D, b.data() + r * D, D);
        const double root = std::sqrt(c.aa * c.bb), g = dy.data()[r];
        for (int64_t i = r * D; i < (r + 1) * D; ++i) {
          const double p = a.data()[i], q = b.data()[i];
          if (da) da.mutable_data()[i] = static_cast<float>(g * (q / root - c.value() * p / c.aa));
          if (db) db.mutable_data()[i] = static_cast<float>(g * (p / root - c.value() * q / c.bb));
        }
      }
    });
    return std::vector<Tensor>{da, db};
  });
}

// The slope of the p-norm `norm` along a coordinate of value u.
double norm_slope(double u, double norm, double p) {
  if (norm == 0 || u == 0) return 0;
  return std::copysign(std::pow(std::abs(u) / norm, p - 1), u);
}

// The smaller of each pair, by ops that are differentiable.
Tensor smaller(const Tensor& a, const Tensor& b) {
  return a - relu(a - b);
}

}  // namespace

Tensor cosine_embedding_loss(const Tensor& a, const Tensor& b, std::span<const int> labels, float margin,
                             Reduction reduction) {
  expect_rows("cosine_embedding_loss", a, b);
  const int64_t B = a.dim(0);
  if (static_cast<int64_t>(labels.size()) != B)
    fail("cosine_embedding_loss: ", labels.size(), " labels for ", a.shape());
  Tensor like = Tensor::full({B}, 0), unlike = Tensor::full({B}, 0);  // 1 where the row is one
  for (int64_t r = 0; r < B; ++r) {
    const int label = labels[static_cast<size_t>(r)];
    if (label != 1 && label != -1) fail("cosine_embedding_loss: label ", label, " is neither 1 nor -1");
    (label == 1 ? like : unlike).mutable_data()[r] = 1;
  }
  const Tensor c = cosine(a, b);
  const Tensor above = relu(c - Tensor::full({B}, margin));
  return reduce(mul(Tensor::full({B}, 1) - c, like) + mul(above, unlike), reduction);
}

Tensor pairwise_distance(const Tensor& a, const Tensor& b, float p, float eps) {
  expect_rows("pairwise_distance", a, b);
  if (!(p >= 1) || std::isinf(p)) fail("pairwise_distance: the norm's p is ", p, ", not 1 or more");
  const int64_t B = a.dim(0), D = a.dim(1);
  Tensor y(Shape{B});
  for (int64_t r = 0; r < B; ++r) {
    double sum = 0;
    for (int64_t i = r * D; i < (r + 1) * D; ++i)
      sum += std::pow(std::abs(static_cast<double>(a.data()[i]) - b.data()[i] + eps), p);
    y.mutable_data()[r] = static_cast<float>(std::pow(sum, 1 / static_cast<double>(p)));
  }
  return record(y, {a, b}, [a, b, norms = y, p, eps, D](const Tensor& dy) {
    Tensor da(a.shape());
    parallel_for(da.dim(0), kRows, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * D; i < end * D; ++i) {
        const double u = static_cast<double>(a.data()[i]) - b.data()[i] + eps;
        da.mutable_data()[i] = static_cast<float>(dy.data()[i / D] * norm_slope(u, norms.data()[i / D], p));
      }
    });
    return std::vector<Tensor>{da, b.grad_node() ? scale(da, -1) : Tensor()};
  });
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletConfig& config, Reduction reduction) {
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    return pairwise_distance(a, b, config.p, config.eps);
  };
  const Tensor near = distance(anchor, positive);
  Tensor far = distance(anchor, negative);
  if (config.swap) far = smaller(far, distance(positive, negative));
  return reduce(relu(near - far + Tensor::full(near.shape(), config.margin)), reduction);
}

}  // namespace fovea
