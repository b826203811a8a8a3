// Every differentiable op but attention against central differences.
#include <gtest/gtest.h>

#include "attention/ops/boxes.h"
#include "attention/ops/linear.h"
#include "attention/ops/loss.h"
#include "attention/ops/norm.h"
#include "attention/ops/reorder.h"
#include "attention/ops/resample.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Inputs = std::vector<Tensor>;
struct Case {
  const char* name;
  Inputs inputs;
  std::function<Tensor(const Inputs&)> f;
};

Tensor away_from_kinks(Shape shape, uint64_t seed) {
  Tensor t = random_tensor(shape, seed, 2);
  for (int64_t i = 0; i < t.count(); ++i)
    for (float kink : {-3.f, 0.f, 3.f, 6.f})
      if (std::abs(t.data()[i] - kink) < 0.05f) t.mutable_data()[i] += 0.1f;
  return t;
}

std::vector<Case> unary_cases() {
  std::vector<Case> cases;
  const auto add = [&](const char* name, Tensor (*op)(const Tensor&)) {
    cases.push_back({name, {away_from_kinks({3, 11}, 5)}, [op](const Inputs& t) { return op(t[0]); }});
  };
  add("relu", relu), add("relu6", relu6), add("gelu", gelu), add("gelu_tanh", gelu_tanh);
  add("quick_gelu", quick_gelu), add("silu", silu), add("mish", mish), add("sigmoid", sigmoid),
      add("tanh", tanh);
  add("erf", erf), add("selu", selu), add("softplus", softplus), add("hardsigmoid", hardsigmoid);
  add("hardswish", hardswish);
  add("leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.1f); });
  add("elu", [](const Tensor& x) { return elu(x, 0.7f); });
  add("celu", [](const Tensor& x) { return celu(x, 1.3f); });
  add("scale", [](const Tensor& x) { return scale(x, -2.5f); });
  add("square_root", [](const Tensor& x) { return square_root(mul(x, x) + Tensor::full(x.shape(), 1)); });
  add("reciprocal", [](const Tensor& x) { return reciprocal(mul(x, x) + Tensor::full(x.shape(), 1)); });
  return cases;
}

std::vector<Case> binary_cases() {
  const Tensor a = random_tensor({2, 3, 4}, 1), b = random_tensor({2, 3, 4}, 2), row = random_tensor({4}, 3);
  return {
      {"add", {a, b}, [](const Inputs& t) { return t[0] + t[1]; }},
      {"add repeated", {a, row}, [](const Inputs& t) { return t[0] + t[1]; }},
      {"subtract", {a, b}, [](const Inputs& t) { return t[0] - t[1]; }},
      {"add a matrix repeated", {a, random_tensor({3, 4}, 4)}, [](const Inputs& t) { return t[0] + t[1]; }},
      {"mul", {a, b}, [](const Inputs& t) { return mul(t[0], t[1]); }},
      {"mul repeated", {a, row}, [](const Inputs& t) { return mul(t[0], t[1]); }},
      {"concat", {a, b}, [](const Inputs& t) { return concat(t[0], t[1], 1); }}};
}

std::vector<Case> reduction_cases() {
  const Tensor x = random_tensor({2, 6, 4}, 7);
  static constexpr int kLastTwo[] = {1, 2}, kLast[] = {-1};
  std::vector<Case> cases = {
      {"sum_all", {x}, [](const Inputs& t) { return sum_all(t[0]); }},
      {"mean_tokens", {x}, [](const Inputs& t) { return mean_tokens(t[0]); }},
      {"variance", {x}, [](const Inputs& t) { return variance(t[0], kLastTwo, false); }},
      {"standard_deviation", {x}, [](const Inputs& t) { return standard_deviation(t[0], kLast, true); }},
      {"cross_entropy", {random_tensor({3, 5}, 8)}, [](const Inputs& t) {
         return cross_entropy(t[0], std::vector<int>{4, 0, 2});
       }}};
  for (int axis : {0, 1, 2, -1}) {
    cases.push_back({"softmax", {x}, [axis](const Inputs& t) { return softmax(t[0], axis); }});
    cases.push_back({"log_softmax", {x}, [axis](const Inputs& t) { return log_softmax(t[0], axis); }});
    cases.push_back({"log_sum_exp", {x}, [axis](const Inputs& t) { return log_sum_exp(t[0], axis); }});
    cases.push_back({"cumulative_sum", {x}, [axis](const Inputs& t) { return cumulative_sum(t[0], axis); }});
    cases.push_back({"glu", {x}, [axis](const Inputs& t) { return glu(t[0], axis); }});
    cases.push_back({"l2_normalise", {x + Tensor::full(x.shape(), 2)}, [axis](const Inputs& t) {
                       return l2_normalise(t[0], axis);
                     }});
  }
  return cases;
}

std::vector<Case> layer_cases() {
  const Tensor x = random_tensor({2, 5, 6}, 9), w = random_tensor({7, 6}, 10), b = random_tensor({7}, 11);
  const Tensor r = random_tensor({2, 5, 7}, 12), g = random_tensor({6}, 13), h = random_tensor({6}, 14);
  const Tensor image = random_tensor({2, 5, 7, 3}, 15);
  return {{"linear", {x, w, b}, [](const Inputs& t) { return linear(t[0], t[1], t[2]); }},
          {"linear, no bias", {x, w}, [](const Inputs& t) { return linear(t[0], t[1], {}); }},
          {"linear, then",
           {x, w, b, r},
           [](const Inputs& t) {
             return linear(t[0], t[1], t[2], {.activation = Activation::kGelu, .residual = t[3]});
           }},
          {"layer_norm", {x, g, h}, [](const Inputs& t) { return layer_norm(t[0], t[1], t[2], 1e-5f); }},
          {"layer_norm over two sizes",
           {x, random_tensor({5, 6}, 16), random_tensor({5, 6}, 17)},
           [](const Inputs& t) { return layer_norm(t[0], t[1], t[2], 1e-5f); }},
          {"reshape",
           {x},
           [](const Inputs& t) {
             return reshape(t[0], {10, 6});
           }},
          {"slice", {x}, [](const Inputs& t) { return slice(t[0], 1, 1, 3); }},
          {"select", {x}, [](const Inputs& t) { return select(t[0], 4); }},
          {"repeat", {g}, [](const Inputs& t) { return repeat(t[0], 3); }},
          {"patches", {image}, [](const Inputs& t) { return patches(t[0], 2, 3); }},
          {"resample_grid", {random_tensor({12, 2}, 18)}, [](const Inputs& t) {
             return resample_grid(t[0], 3, 4, 5, 2, GridResample::kBicubicAntialias);
           }}};
}

std::vector<Case> box_cases() {
  const Tensor centres = softplus(random_tensor({5, 4}, 19)), others = softplus(random_tensor({3, 4}, 20));
  const auto overlap = [](const Inputs& t, BoxOverlap kind) {
    return pairwise_overlap(box_corners(t[0]), box_corners(t[1]), kind);
  };
  return {{"box_corners", {centres}, [](const Inputs& t) { return box_corners(t[0]); }},
          {"box_centres", {centres}, [](const Inputs& t) { return box_centres(t[0]); }},
          {"iou", {centres, others}, [=](const Inputs& t) { return overlap(t, BoxOverlap::kIou); }},
          {"giou", {centres, others}, [=](const Inputs& t) { return overlap(t, BoxOverlap::kGiou); }},
          {"diou", {centres, others}, [=](const Inputs& t) { return overlap(t, BoxOverlap::kDiou); }}};
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_LT(gradient_error(c.inputs, c.f), 2e-3) << c.name;
}

TEST(Gradients, OfUnaryOps) {
  check(unary_cases());
}
TEST(Gradients, OfBinaryOps) {
  check(binary_cases());
}
TEST(Gradients, OfReductions) {
  check(reduction_cases());
}
TEST(Gradients, OfLayers) {
  check(layer_cases());
}
TEST(Gradients, OfBoxes) {
  check(box_cases());
}

TEST(Gradients, AddUpWhereAValueIsReadTwice) {
  Tensor x = random_tensor({4}, 1);
  watch(x);
  const Gradients gradients = backward(sum_all(mul(x, x) + scale(x, 3)));
  for (int64_t i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(gradients[x].data()[i], 2 * x.data()[i] + 3);
}

TEST(Gradients, NothingIsRecordedWithoutAWatchedInput) {
  const Tensor x = random_tensor({2, 6}, 1), w = random_tensor({3, 6}, 2);
  EXPECT_EQ(linear(x, w, {}).grad_node(), nullptr);
  Tensor watched = w.clone();
  watch(watched);
  EXPECT_NE(linear(x, watched, {}).grad_node(), nullptr);
}

}  // namespace
}  // namespace fovea
