// Maps of class activation against their papers' formulas in double, and against numpy's singular vectors.
#include "attention/explain/class_activation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/ops/convolution.h"
#include "attention/ops/linear.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/pool.h"
#include "attention/ops/reduce.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

using Of = ClassActivation;
constexpr Of kAll[] = {Of::kGradCam,  Of::kGradCamPlusPlus, Of::kXGradCam, Of::kLayerCam,
                       Of::kHiResCam, Of::kElementWise,     Of::kEigenCam, Of::kEigenGradCam};

struct Maps {
  Tensor a, g;
  double activation(int64_t b, int64_t i, int64_t j, int64_t c) const { return at(a, b, i, j, c); }
  double gradient(int64_t b, int64_t i, int64_t j, int64_t c) const { return at(g, b, i, j, c); }
  static double at(const Tensor& x, int64_t b, int64_t i, int64_t j, int64_t c) {
    return x.data()[((b * x.dim(1) + i) * x.dim(2) + j) * x.dim(3) + c];
  }
  // Over the positions of one channel.
  double mean(int64_t b, int64_t c, const std::function<double(double, double)>& of) const {
    double sum = 0;
    for (int64_t i = 0; i < a.dim(1); ++i)
      for (int64_t j = 0; j < a.dim(2); ++j) sum += of(activation(b, i, j, c), gradient(b, i, j, c));
    return sum / static_cast<double>(a.dim(1) * a.dim(2));
  }
};

double slow_weight(Of method, const Maps& maps, int64_t b, int64_t i, int64_t j, int64_t c) {
  const double n = static_cast<double>(maps.a.dim(1) * maps.a.dim(2)), g = maps.gradient(b, i, j, c);
  const double total = n * maps.mean(b, c, [](double a, double) { return a; });
  switch (method) {
    case Of::kGradCam:
      return maps.mean(b, c, [](double, double d) { return d; });
    case Of::kGradCamPlusPlus:
      return n * maps.mean(b, c, [&](double, double d) {
        const double alpha = d * d / (2 * d * d + total * std::pow(d, 3) + 1e-6);
        return d == 0 ? 0 : alpha * std::max(d, 0.0);
      });
    case Of::kXGradCam:
      return n * maps.mean(b, c, [&](double a, double d) { return a / (total + 1e-7) * d; });
    case Of::kLayerCam:
      return std::max(g, 0.0);
    case Of::kElementWise:
      return g * maps.activation(b, i, j, c) > 0 ? g : 0;
    default:
      return g;
  }
}

double slow(Of method, const Maps& maps, int64_t b, int64_t i, int64_t j) {
  double sum = 0;
  for (int64_t c = 0; c < maps.a.dim(3); ++c)
    sum += slow_weight(method, maps, b, i, j, c) * maps.activation(b, i, j, c);
  return std::max(sum, 0.0);
}

TEST(ClassActivation, FollowsThePapers) {
  const Maps maps{random_tensor({2, 3, 5, 7}, 1), random_tensor({2, 3, 5, 7}, 2, 0.3)};
  for (const Of method :
       {Of::kGradCam, Of::kGradCamPlusPlus, Of::kXGradCam, Of::kLayerCam, Of::kHiResCam, Of::kElementWise}) {
    SCOPED_TRACE(static_cast<int>(method));
    const Tensor got = class_activation(method, maps.a, maps.g);
    ASSERT_EQ(got.shape(), (Shape{2, 3, 5}));
    int positive = 0;
    for (int64_t b = 0, at = 0; b < 2; ++b)
      for (int64_t i = 0; i < 3; ++i)
        for (int64_t j = 0; j < 5; ++j, ++at) {
          const double expected = slow(method, maps, b, i, j);
          EXPECT_NEAR(got.data()[at], expected, 1e-6 * (1 + expected)) << b << ' ' << i << ' ' << j;
          if (expected > 0) ++positive;
        }
    EXPECT_GT(positive, 5);
  }
}

TEST(ClassActivation, SmallGradientsOfGradCamPlusPlusAreDamped) {
  const Tensor a = Tensor::full({1, 1, 1, 1}, 2), g = Tensor::full({1, 1, 1, 1}, 1e-3f);
  const float got = class_activation(Of::kGradCamPlusPlus, a, g).data()[0];
  EXPECT_NEAR(got, 2 * 1e-9 / (2e-6 + 2e-9 + 1e-6), 1e-9);
}

TEST(ClassActivation, PicturesDoNotMeet) {
  const Tensor a = random_tensor({5, 4, 6, 9}, 3), g = random_tensor({5, 4, 6, 9}, 4);
  const int64_t size = 4 * 6 * 9;
  for (const Of method : kAll) {
    const Tensor all = class_activation(method, a, g);
    for (int64_t b = 0; b < 5; ++b) {
      const auto one = [&](const Tensor& x) {
        return Tensor({1, 4, 6, 9}, x.values().subspan(static_cast<size_t>(b * size), size));
      };
      const Tensor alone = class_activation(method, one(a), one(g));
      const Tensor among({1, 4, 6}, all.values().subspan(static_cast<size_t>(b * 24), 24));
      EXPECT_TRUE(same_bits(alone, among)) << static_cast<int>(method) << ", picture " << b;
    }
    for (const int count : {1, 2, 5})
      Threads(count).run([&] { EXPECT_TRUE(same_bits(class_activation(method, a, g), all)) << count; });
  }
}

// A score of [1, 3, 4, 5] maps that bends.
Tensor score(const Tensor& x) {
  const Tensor y =
      gelu(convolution(x, random_tensor({6, 5, 3, 3}, 11, 0.2), random_tensor({6}, 12), {.padding = {1, 1}}));
  return sum_all(linear(global_average_pool(mul(y, y)), random_tensor({1, 6}, 13), Tensor()));
}

TEST(ClassActivation, GradCamOfFiniteDifferences) {
  Tensor x = random_tensor({1, 3, 4, 5}, 10);
  watch(x);
  const Tensor gradient = backward(score(x))[x];
  Maps maps{x.clone(), Tensor(x.shape())};
  constexpr float kStep = 1e-2f;
  for (int64_t i = 0; i < x.count(); ++i) {
    const auto moved = [&](float by) {
      Tensor near = x.clone();
      near.mutable_data()[i] += by;
      return static_cast<double>(score(near).data()[0]);
    };
    maps.g.mutable_data()[i] = static_cast<float>((moved(kStep) - moved(-kStep)) / (2.0 * kStep));
  }
  const Tensor got = class_activation(Of::kGradCam, x, gradient);
  double greatest = 0;
  for (const float value : got.values()) greatest = std::max<double>(greatest, value);
  ASSERT_GT(greatest, 0.01);
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 4; ++j)
      EXPECT_NEAR(got.data()[i * 4 + j], slow(Of::kGradCam, maps, 0, i, j), 2e-3 * greatest);
}

struct Literal {
  int64_t positions, channels;
  std::vector<float> values;
  std::vector<double> places;  // X v of numpy 1.24's first right singular vector, X centred
};

TEST(ClassActivation, EigenCamIsNumpysSingularVector) {
  const Literal literals[] = {
      {6,
       2,
       {2, -5, 9, 8, -8, -6, -6, -6, 2, -3, 0, -5},
       {-0.232526, -14.011923, 8.006159, 6.488703, -1.535342, 1.284930}},
      {6,
       3,
       {9, 3, 3, -7, -6, 8, -3, 7, 5, -9, -1, 1, -1, -7, 4, -5, -3, -2},
       {-12.098557, 6.223645, -4.057873, 5.285396, 1.681414, 2.965975}},
      {4,
       4,
       {-4, -1, 6, -1, 5, 8, -5, -5, 1, -6, 4, 3, 3, 8, -1, 8},
       {-6.835739, 9.523121, -8.098473, 5.411090}},
      {6,
       8,
       {9,  7, -4, -8, 7,  8, -3, 3,  -6, 7, 7,  -2, 5,  -5, 9, 6,  6, 3, -9, 5, 4,  -6, 7, -7,
        -2, 5, 5,  -9, -5, 8, 1,  -7, -3, 2, -9, -2, -5, -3, 3, -6, 8, 5, 3,  8, -8, 4,  7, 2},
       {9.784160, 1.898869, -13.317345, 10.853381, -6.242708, -2.976357}},
      {5,
       10,
       {1,  4, 4, 1, 1, 1, 4,  8, 6, -4, 7, -5, 3,  8, 9,  8,  6, 0, -7, 6,  6,  5, 1,  9,  -3,
        -8, 9, 8, 3, 0, 9, -1, 9, 4, 9,  2, -3, -1, 2, -4, -7, 8, 6, 6,  -1, -8, 8, -2, -7, 5},
       {-1.783735, 12.023712, -9.151450, 11.724214, -12.812741}},
  };
  for (const Literal& l : literals) {
    SCOPED_TRACE(l.channels);
    const Tensor a({1, 1, l.positions, l.channels}, l.values);
    const Tensor got = class_activation(Of::kEigenCam, a, Tensor());
    for (int64_t i = 0; i < l.positions; ++i)
      EXPECT_NEAR(got.data()[i], std::max(l.places[static_cast<size_t>(i)], 0.0), 2e-5);
    const Tensor ones = Tensor::full(a.shape(), 1);
    EXPECT_TRUE(same_bits(class_activation(Of::kEigenGradCam, a, ones), got));
  }
}

// The greatest eigenvector of the positions' Gram matrix times the singular value: a column of a high power.
std::vector<double> slow_principal(const Tensor& a, const Tensor& g) {
  const size_t n = static_cast<size_t>(a.dim(1) * a.dim(2)), channels = static_cast<size_t>(a.dim(3));
  std::vector<double> x(n * channels), gram(n * n);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(a.data()[i]) * g.data()[i];
  for (size_t c = 0; c < channels; ++c) {
    double mean = 0;
    for (size_t i = 0; i < n; ++i) mean += x[i * channels + c] / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) x[i * channels + c] -= mean;
  }
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j)
      for (size_t c = 0; c < channels; ++c) gram[i * n + j] += x[i * channels + c] * x[j * channels + c];
  std::vector<double> power = gram;
  for (int squared = 0; squared < 24; ++squared) {
    std::vector<double> next(n * n);
    double trace = 0;
    for (size_t i = 0; i < n; ++i) trace += power[i * n + i];
    for (size_t i = 0; i < n; ++i)
      for (size_t k = 0; k < n; ++k)
        for (size_t j = 0; j < n; ++j)
          next[i * n + j] += power[i * n + k] * power[k * n + j] / (trace * trace);
    power = next;
  }
  // power is u u^T, but for a factor; X^T u has the length of the singular value.
  double sum = 0;
  size_t best = 0;
  for (size_t i = 0; i < n; ++i) {
    sum += power[i * n + i];
    if (power[i * n + i] > power[best * n + best]) best = i;
  }
  std::vector<double> u(n);
  for (size_t i = 0; i < n; ++i) u[i] = power[i * n + best] / std::sqrt(power[best * n + best] * sum);
  double value = 0;
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j) value += u[i] * gram[i * n + j] * u[j];
  for (double& element : u) element *= std::sqrt(value);
  return u;
}

TEST(ClassActivation, EigenMapsOfManyShapes) {
  for (const Shape& shape : {Shape{1, 7, 9, 5}, {1, 6, 8, 40}, {1, 5, 5, 27}, {1, 4, 5, 300}, {1, 2, 1, 3}}) {
    SCOPED_TRACE(shape[3]);
    const Tensor a = random_tensor(shape, 21), g = random_tensor(shape, 22);
    const Tensor got = class_activation(Of::kEigenGradCam, a, g);
    const std::vector<double> expected = slow_principal(a, g);
    double worst[2] = {0, 0};  // either direction of the line is right
    for (size_t i = 0; i < expected.size(); ++i)
      for (const int flip : {0, 1}) {
        const double wanted = std::max(flip == 0 ? expected[i] : -expected[i], 0.0);
        worst[flip] = std::max(worst[flip], std::abs(got.data()[i] - wanted));
      }
    EXPECT_LT(std::min(worst[0], worst[1]), 1e-5);
    EXPECT_GT(std::max(worst[0], worst[1]), 0.1);
  }
}

TEST(ClassActivation, EigenMapsOfSmallGradientsKeepTheirShape) {
  const Tensor a = random_tensor({1, 6, 8, 16}, 31), g = random_tensor({1, 6, 8, 16}, 32);
  const float small = std::ldexp(1.0f, -90);
  const Tensor large = class_activation(Of::kEigenGradCam, a, g);
  const Tensor tiny = class_activation(Of::kEigenGradCam, a, scale(g, small));
  EXPECT_TRUE(same_bits(tiny, scale(large, small)));
}

TEST(ClassActivation, NothingToSee) {
  const Tensor flat = Tensor::full({1, 3, 3, 4}, 2), none = Tensor::full({1, 3, 3, 4}, 0);
  for (const Of method : kAll) {
    const Tensor got = class_activation(method, flat, none);
    EXPECT_TRUE(same_bits(got, Tensor::full({1, 3, 3}, 0))) << static_cast<int>(method);
  }
}

TEST(ClassActivation, RefusesWhatDoesNotFit) {
  const Tensor a = random_tensor({1, 3, 3, 4}, 1);
  EXPECT_THROW(class_activation(Of::kGradCam, a, random_tensor({1, 3, 3, 5}, 1)), Error);
  EXPECT_THROW(class_activation(Of::kGradCam, a, Tensor()), Error);
  EXPECT_THROW(class_activation(Of::kEigenCam, random_tensor({3, 3, 4}, 1), Tensor()), Error);
  Tensor broken = a.clone();
  broken.mutable_data()[7] = std::nanf("");
  EXPECT_THROW(class_activation(Of::kHiResCam, a, broken), Error);
  EXPECT_THROW(class_activation(Of::kEigenCam, broken, Tensor()), Error);
}

}  // namespace
}  // namespace fovea
