#include "attention/ops/box_loss.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "attention/base/error.h"
#include "attention/ops/boxes.h"
#include "attention/ops/reorder.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Values = std::vector<float>;

const BoxLoss kLosses[] = {BoxLoss::kIou,  BoxLoss::kGiou, BoxLoss::kDiou, BoxLoss::kCiou,
                           BoxLoss::kEiou, BoxLoss::kSiou, BoxLoss::kWiou};
const BoxOverlap kOverlaps[] = {BoxOverlap::kIou, BoxOverlap::kGiou, BoxOverlap::kDiou, BoxOverlap::kCiou};

Tensor box(float x0, float y0, float x1, float y1) {
  return Tensor({1, 4}, Values{x0, y0, x1, y1});
}

double loss_of(const Tensor& a, const Tensor& b, BoxLoss loss) {
  return box_loss(a, b, loss, {.eps = 0}).data()[0];
}

// Corners of boxes of some size, anywhere.
Tensor random_boxes(int64_t count, uint64_t seed) {
  Tensor boxes = random_tensor({count, 4}, seed);
  for (int64_t i = 0; i < boxes.count(); ++i)
    if (i % 4 >= 2) boxes.mutable_data()[i] = 0.3f + std::abs(boxes.data()[i]);
  return box_corners(boxes);
}

TEST(BoxLoss, OfTwoSquaresThatShareACorner) {
  const Tensor a = box(0, 0, 2, 2), b = box(1, 1, 3, 3);
  const double miss = 6.0 / 7;
  EXPECT_NEAR(loss_of(a, b, BoxLoss::kIou), miss, 1e-6);
  EXPECT_NEAR(loss_of(a, b, BoxLoss::kGiou), miss + 2.0 / 9, 1e-6);
  EXPECT_NEAR(loss_of(a, b, BoxLoss::kDiou), miss + 2.0 / 18, 1e-6);
  EXPECT_NEAR(loss_of(a, b, BoxLoss::kCiou), miss + 2.0 / 18, 1e-6);  // of one aspect ratio
  EXPECT_NEAR(loss_of(a, b, BoxLoss::kEiou), miss + 2.0 / 18 + 2.0 / 9, 1e-6);
  EXPECT_NEAR(loss_of(a, b, BoxLoss::kWiou), miss * std::exp(2.0 / 18), 1e-6);
  // At 45 degrees the angle's weight is -1, and the sizes are equal.
  EXPECT_NEAR(loss_of(a, b, BoxLoss::kSiou), miss + 1 - std::exp(-1.0 / 9), 1e-4);
}

TEST(BoxLoss, CiouWeighsTheAspectRatios) {
  const Tensor a = box(0, 0, 2, 1), b = box(0.5f, -0.5f, 1.5f, 1.5f);  // one centre, turned
  const double angle = std::atan(2.0) - std::atan(0.5), v = 4 / (M_PI * M_PI) * angle * angle;
  const double miss = 1 - 1.0 / 3;
  EXPECT_NEAR(loss_of(a, b, BoxLoss::kCiou), miss + v * v / (miss + v), 1e-6);
}

TEST(BoxLoss, FocusWeighsByTheMean) {
  const Tensor a = box(0, 0, 2, 2), b = box(1, 1, 3, 3);
  const double miss = 6.0 / 7, beta = miss / 0.5;
  const auto focused = [&](bool monotonic) {
    const BoxFocus focus{.mean = 0.5f, .monotonic = monotonic, .alpha = 1.5f, .delta = 2};
    return box_loss(a, b, BoxLoss::kIou, {.eps = 0, .focus = focus}).data()[0];
  };
  EXPECT_NEAR(focused(true), miss * std::sqrt(beta), 1e-6);
  EXPECT_NEAR(focused(false), miss * beta / (2 * std::pow(1.5, beta - 2)), 1e-6);
}

TEST(BoxLoss, AlphaRaisesTheTerms) {
  const Tensor a = box(0, 0, 2, 2), b = box(1, 1, 3, 3);
  const auto raised = [&](BoxLoss loss) { return alpha_iou_loss(a, b, loss, {.alpha = 2}).data()[0]; };
  const double kept = 1 - 1.0 / 49;
  EXPECT_NEAR(raised(BoxLoss::kIou), kept, 1e-6);
  EXPECT_NEAR(raised(BoxLoss::kGiou), kept + 4.0 / 81, 1e-6);
  EXPECT_NEAR(raised(BoxLoss::kDiou), kept + 1.0 / 81, 1e-6);
  EXPECT_NEAR(raised(BoxLoss::kCiou), kept + 1.0 / 81, 1e-6);
  EXPECT_THROW(raised(BoxLoss::kEiou), Error);
}

TEST(BoxLoss, IsNothingBetweenEqualBoxes) {
  const Tensor a = random_boxes(5, 1);
  for (const BoxLoss loss : kLosses) {
    const Tensor values = box_loss(a, a.clone(), loss, {.eps = 0});
    for (int64_t i = 0; i < 5; ++i) EXPECT_NEAR(values.data()[i], 0, 1e-6) << static_cast<int>(loss);
  }
}

// Equal, nested, touching, apart, and of no width, height or area.
TEST(BoxLoss, HasFiniteSlopesEverywhere) {
  const std::vector<Values> odd = {{0, 0, 2, 2}, {0.5f, 0.5f, 1, 1}, {2, 0, 3, 2}, {5, 5, 6, 7},
                                   {1, 0, 1, 2}, {0, 1, 2, 1},       {1, 1, 1, 1}, {4, 4, 4, 4}};
  Values first, second;
  for (const Values& a : odd)
    for (const Values& b : odd) {
      first.insert(first.end(), a.begin(), a.end());
      second.insert(second.end(), b.begin(), b.end());
    }
  const int64_t n = static_cast<int64_t>(first.size()) / 4;
  Tensor a({n, 4}, first), b({n, 4}, second);
  watch(a);
  watch(b);
  const auto expect_finite = [&](const Tensor& y, const std::string& name) {
    const Gradients gradients = backward(sum_all(y));
    for (const Tensor& t : {y, gradients[a], gradients[b]})
      EXPECT_TRUE(std::all_of(t.values().begin(), t.values().end(), [](float v) { return std::isfinite(v); }))
          << name;
  };
  for (const BoxLoss loss : kLosses) {
    const std::string name = "loss " + std::to_string(static_cast<int>(loss));
    expect_finite(box_loss(a, b, loss), name);
    expect_finite(box_loss(a, b, loss, {.eps = 0, .focus = BoxFocus{}}), name + " focused");
    expect_finite(box_loss(a, b, loss, {.eps = 0, .focus = BoxFocus{.monotonic = true}}), name + " v2");
    if (loss <= BoxLoss::kCiou) expect_finite(alpha_iou_loss(a, b, loss), name + " alpha");
  }
  for (const BoxOverlap overlap : kOverlaps)
    expect_finite(pairwise_overlap(a, b, overlap), "overlap " + std::to_string(static_cast<int>(overlap)));
}

TEST(BoxLoss, HoldsWhatThePapersHold) {
  Tensor a = random_boxes(6, 11), b = random_boxes(6, 12);
  watch(a);
  // The factor of the focus is a constant: slopes stand to each other as values do.
  const BoxLossConfig plain{.eps = 0}, focused{.eps = 0, .focus = BoxFocus{.mean = 0.7f}};
  const Tensor one = box_loss(a, b, BoxLoss::kGiou, plain), other = box_loss(a, b, BoxLoss::kGiou, focused);
  const Gradients by_one = backward(sum_all(one)), by_other = backward(sum_all(other));
  for (int64_t i = 0; i < 24; ++i)
    EXPECT_NEAR(by_other[a].data()[i], by_one[a].data()[i] * other.data()[i / 4] / one.data()[i / 4], 1e-5);
}

TEST(BoxLoss, OfMoreBoxesThanOnePiece) {
  const Tensor a = random_boxes(1300, 3), b = random_boxes(1300, 4);
  const Tensor all = box_loss(a, b, BoxLoss::kSiou);
  for (const int64_t i : {0, 511, 512, 1299}) {
    const Tensor one = box_loss(slice(a, 0, i, 1), slice(b, 0, i, 1), BoxLoss::kSiou);
    EXPECT_EQ(all.data()[i], one.data()[0]) << i;
  }
  EXPECT_EQ(box_loss(reshape(a, {13, 100, 4}), reshape(b, {13, 100, 4}), BoxLoss::kSiou).shape(),
            (Shape{13, 100}));
}

TEST(BoxLoss, RefusesOtherShapes) {
  EXPECT_THROW(box_loss(random_boxes(2, 1), random_boxes(3, 1), BoxLoss::kIou), Error);
  EXPECT_THROW(box_loss(random_tensor({2, 3}, 1), random_tensor({2, 3}, 1), BoxLoss::kIou), Error);
  EXPECT_THROW(
      box_loss(random_boxes(2, 1), random_boxes(2, 1), BoxLoss::kIou, {.focus = BoxFocus{.mean = 0}}), Error);
  EXPECT_THROW(pairwise_overlap(random_boxes(2, 1), random_tensor({2, 3}, 1), BoxOverlap::kIou), Error);
  EXPECT_THROW(box_corners(random_tensor({2, 3}, 1)), Error);
}

TEST(Boxes, GoFromCentresToCornersAndBack) {
  const Tensor centres({1, 4}, Values{5, 4, 2, 6});
  const Tensor corners = box_corners(centres);
  EXPECT_TRUE(same_bits(corners, box(4, 1, 6, 7)));
  EXPECT_TRUE(same_bits(box_centres(corners), centres));
}

TEST(Boxes, PairwiseOverlapIsThatOfEachPair) {
  const Tensor a = random_boxes(7, 5), b = random_boxes(4, 6);
  const std::pair<BoxOverlap, BoxLoss> both[] = {{BoxOverlap::kIou, BoxLoss::kIou},
                                                 {BoxOverlap::kGiou, BoxLoss::kGiou},
                                                 {BoxOverlap::kDiou, BoxLoss::kDiou},
                                                 {BoxOverlap::kCiou, BoxLoss::kCiou}};
  for (const auto& [overlap, loss] : both) {
    const Tensor pairs = pairwise_overlap(a, b, overlap);
    ASSERT_EQ(pairs.shape(), (Shape{7, 4}));
    for (int64_t i = 0; i < 28; ++i)
      EXPECT_NEAR(pairs.data()[i], 1 - loss_of(slice(a, 0, i / 4, 1), slice(b, 0, i % 4, 1), loss), 2e-6);
  }
  EXPECT_EQ(pairwise_overlap(a, Tensor(Shape{0, 4}), BoxOverlap::kIou).shape(), (Shape{7, 0}));
}

// CIoU and WIoU hold factors, which differences do not: golden cases judge them.
TEST(Boxes, GradientsAgainstDifferences) {
  const Tensor a = random_boxes(6, 7), b = random_boxes(6, 8);
  using Inputs = std::vector<Tensor>;
  for (const BoxLoss loss : {BoxLoss::kIou, BoxLoss::kGiou, BoxLoss::kDiou, BoxLoss::kEiou, BoxLoss::kSiou})
    EXPECT_LT(gradient_error({a, b}, [&](const Inputs& t) { return box_loss(t[0], t[1], loss); }), 2e-3)
        << static_cast<int>(loss);
  for (const BoxLoss loss : {BoxLoss::kIou, BoxLoss::kGiou, BoxLoss::kDiou})
    EXPECT_LT(gradient_error({a, b}, [&](const Inputs& t) { return alpha_iou_loss(t[0], t[1], loss); }), 2e-3)
        << static_cast<int>(loss);
}

}  // namespace
}  // namespace fovea
