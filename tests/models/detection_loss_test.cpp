#include "models/detection_loss.h"

#include <gtest/gtest.h>

#include "attention/ops/box_loss.h"
#include "attention/ops/boxes.h"
#include "models/mask_loss.h"
#include "tests/models/refusal.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

using Values = std::vector<float>;

const DetectionLossConfig kSoftmax;
const DetectionLossConfig kFocal{.scores = BoxScores::kSigmoid, .label = 2};

BoxTargets random_targets(int64_t count, uint64_t seed) {  // of three classes
  BoxTargets targets;
  for (int64_t i = 0; i < count; ++i) targets.labels.push_back(static_cast<int>(i + 1) % 3);
  if (count) targets.boxes = sigmoid(random_tensor({count, 4}, seed));
  return targets;
}

BoxPredictions random_predictions(int64_t pictures, int64_t queries, int64_t classes, uint64_t seed) {
  return {random_tensor({pictures, queries, classes}, seed),
          sigmoid(random_tensor({pictures, queries, 4}, seed + 100))};
}

DetectorOutput output_of(std::vector<BoxPredictions> layers, std::optional<BoxPredictions> tokens = {},
                         std::vector<BoxPredictions> denoised = {}) {
  return {std::move(layers), std::move(tokens), std::move(denoised)};
}

double value(const Tensor& loss) {
  EXPECT_EQ(loss.shape(), Shape{1});
  return loss.data()[0];
}

double sum_of(const LossParts& parts, const DetectionLossConfig& config) {
  return config.label * value(parts.label) + config.box * value(parts.box) + config.giou * value(parts.giou);
}

MatchCosts costs_of(const DetectionLossConfig& config) {
  MatchCosts costs = config.costs;
  costs.scores = config.scores;
  return costs;
}

const std::vector<BoxTargets> kTargets = {random_targets(3, 7), random_targets(0, 8), random_targets(2, 9)};
const std::vector<Matches> kMatches = {{{0, 2}, {1, 0}, {4, 1}}, {}, {{2, 0}, {3, 1}}};

TEST(DetectionLoss, IsDividedByTheObjects) {
  const BoxPredictions p = random_predictions(3, 5, 4, 1);
  const LossParts parts = detection_loss(p, kTargets, kMatches, 5, kSoftmax);
  double box = 0, giou = 0;
  for (size_t b = 0; b < 3; ++b)
    for (const Match& m : kMatches[b]) {
      const auto corner = [](const float* c) { return box_corners(Tensor({1, 4}, {c, 4})); };
      const float* const own = p.boxes.data() + 4 * (5 * b + m.query);
      const float* const wanted = kTargets[b].boxes.data() + 4 * m.target;
      for (int i = 0; i < 4; ++i) box += std::abs(own[i] - wanted[i]);
      giou += box_loss(corner(own), corner(wanted), BoxLoss::kGiou).data()[0];
    }
  EXPECT_NEAR(value(parts.box), box / 5, 1e-5);
  EXPECT_NEAR(value(parts.giou), giou / 5, 1e-5);
}

TEST(DetectionLoss, OfLabels) {
  // Query 0 stands for class 1, query 1 for nothing.
  const BoxPredictions p{Tensor({1, 2, 3}, Values{0.2f, 1, -1, 0.5f, 0, 2}), Tensor::full({1, 2, 4}, 0.5f)};
  const std::vector<BoxTargets> targets = {{{1}, Tensor::full({1, 4}, 0.5f)}};
  const auto log_softmax_of = [](double x, double a, double b, double c) {
    return x - std::log(std::exp(a) + std::exp(b) + std::exp(c));
  };
  const double weighted = -log_softmax_of(1, 0.2, 1, -1) - 0.3 * log_softmax_of(2, 0.5, 0, 2);
  EXPECT_NEAR(value(detection_loss(p, targets, {{{0, 0}}}, 1, {.nothing = 0.3f}).label), weighted / 1.3,
              1e-5);

  double focal = 0;
  for (int i = 0; i < 6; ++i) {
    const double x = p.logits.data()[i], s = 1 / (1 + std::exp(-x));
    focal += i == 1 ? 0.25 * (1 - s) * (1 - s) * -std::log(s) : 0.75 * s * s * -std::log(1 - s);
  }
  EXPECT_NEAR(value(detection_loss(p, targets, {{{0, 0}}}, 4, kFocal).label), focal / 4, 1e-5);
}

TEST(DetectionLoss, GradientsAgainstDifferences) {
  const BoxPredictions p = random_predictions(3, 5, 4, 3);
  DetectionLossConfig varifocal = kFocal;
  varifocal.varifocal = true;
  varifocal.focal_gamma = 0;  // so that the weights, which are held, do not change
  for (const DetectionLossConfig& config : {kSoftmax, kFocal, varifocal}) {
    const auto error = gradient_error({p.logits.clone()}, [&](const std::vector<Tensor>& t) {
      return detection_loss({t[0], p.boxes}, kTargets, kMatches, 5, config).label;
    });
    EXPECT_LT(error, 2e-3);
  }
  const auto error = gradient_error({p.boxes.clone()}, [&](const std::vector<Tensor>& t) {
    const LossParts parts = detection_loss({p.logits, t[0]}, kTargets, kMatches, 5, kFocal);
    return parts.box + scale(parts.giou, 2);
  });
  EXPECT_LT(error, 2e-3);
}

TEST(DetectionLoss, IsSmallWhereAllIsRight) {
  BoxPredictions p{Tensor::full({1, 4, 4}, 0), Tensor::full({1, 4, 4}, 0.3f)};
  const std::vector<BoxTargets> targets = {random_targets(2, 3)};
  for (int q = 0; q < 4; ++q) p.logits.mutable_data()[4 * q + (q < 2 ? targets[0].labels[q] : 3)] = 30;
  std::copy_n(targets[0].boxes.data(), 8, p.boxes.mutable_data());
  const LossParts parts = detection_loss(p, targets, match(p, targets, {}), 2, kSoftmax);
  EXPECT_NEAR(sum_of(parts, kSoftmax), 0, 1e-5);
  EXPECT_EQ(parts.class_error, 0);
  EXPECT_EQ(parts.cardinality_error, 0);
}

TEST(DetectionLoss, ReportsWhatIsWrong) {
  const BoxPredictions p{Tensor({1, 3, 3}, Values{5, 0, 0, 5, 0, 0, 0, 0, 5}), Tensor::full({1, 3, 4}, 0.5f)};
  const std::vector<BoxTargets> targets = {{{0, 1, 1}, Tensor::full({3, 4}, 0.5f)}};
  const std::vector<Matches> matches = {{{0, 0}, {1, 1}, {2, 2}}};
  const LossParts parts = detection_loss(p, targets, matches, 3, kSoftmax);
  EXPECT_NEAR(parts.class_error, 200.0 / 3, 1e-9);
  EXPECT_EQ(parts.cardinality_error, 1);  // found 2 of 3
  EXPECT_EQ(cardinality_error(p, targets, BoxScores::kSigmoid), 0);
  EXPECT_EQ(detection_loss(p, {{}}, {{}}, 1, kSoftmax).class_error, 100);
}

TEST(DetectionLoss, OfPicturesOfNothing) {
  for (const DetectionLossConfig& config : {kSoftmax, kFocal}) {
    BoxPredictions p = random_predictions(2, 5, 4, 1);
    watch(p.logits);
    watch(p.boxes);
    const DetectionLoss loss = detection_loss(output_of({p}), {{}, {}}, config);
    EXPECT_EQ(value(loss.last.box), 0);
    EXPECT_EQ(value(loss.last.giou), 0);
    EXPECT_GT(value(loss.total), 0);
    const Gradients gradients = backward(loss.total);
    EXPECT_TRUE(same_bits(gradients[p.boxes], Tensor::full({2, 5, 4}, 0)));
    EXPECT_FALSE(same_bits(gradients[p.logits], Tensor::full({2, 5, 4}, 0)));
  }
}

TEST(DetectionLoss, LayersHaveTheirOwnMatches) {
  const BoxPredictions first = random_predictions(3, 6, 4, 1), last = random_predictions(3, 6, 4, 2);
  for (const DetectionLossConfig& config : {kSoftmax, kFocal}) {
    const DetectionLoss loss = detection_loss(output_of({first, last}), kTargets, config);
    double sum = 0;
    for (const BoxPredictions& p : {first, last})
      sum += sum_of(detection_loss(p, kTargets, match(p, kTargets, costs_of(config)), 5, config), config);
    EXPECT_NEAR(value(loss.total), sum, 1e-4);
    EXPECT_NEAR(
        sum_of(loss.last, config),
        sum_of(detection_loss(last, kTargets, match(last, kTargets, costs_of(config)), 5, config), config),
        1e-5);
  }
}

TEST(DetectionLoss, TokensKnowOneClassUnlessToldOtherwise) {
  const BoxPredictions layer = random_predictions(3, 6, 4, 1), tokens = random_predictions(3, 30, 4, 2);
  DetectionLossConfig config = kFocal;
  config.token_copies = 3;
  std::vector<BoxTargets> objects = kTargets;
  for (BoxTargets& t : objects) std::fill(t.labels.begin(), t.labels.end(), 0);
  const double alone = value(detection_loss(output_of({layer}), kTargets, config).total);
  const auto share = [&](const std::vector<BoxTargets>& known) {
    return sum_of(detection_loss(tokens, known, match(tokens, known, costs_of(config), 3), 15, config),
                  config);
  };
  const DetectorOutput output = output_of({layer}, tokens);
  EXPECT_NEAR(value(detection_loss(output, kTargets, config).total) - alone, share(objects), 1e-4);
  config.tokens_have_classes = true;
  EXPECT_NEAR(value(detection_loss(output, kTargets, config).total) - alone, share(kTargets), 1e-4);
  EXPECT_GT(std::abs(share(kTargets) - share(objects)), 1e-3);
}

TEST(DetectionLoss, DenoisedQueriesStandForWhatTheyWereMadeOf) {
  const BoxPredictions layer = random_predictions(3, 6, 4, 1), denoised = random_predictions(3, 8, 4, 2);
  const DenoisingQueries queries{.boxes = Tensor::full({3, 8, 4}, 0.5f), .group = 4};
  const std::vector<Matches> matches = {
      {{0, 0}, {1, 1}, {2, 2}, {4, 0}, {5, 1}, {6, 2}}, {}, {{0, 0}, {1, 1}, {4, 0}, {5, 1}}};
  const double alone = value(detection_loss(output_of({layer}), kTargets, kFocal).total);
  const double share = sum_of(detection_loss(denoised, kTargets, matches, 10, kFocal), kFocal);
  const DetectorOutput output = output_of({layer}, {}, {denoised, denoised});
  EXPECT_NEAR(value(detection_loss(output, kTargets, kFocal, &queries).total), alone + 2 * share, 1e-4);

  expect_words(refusal_of([&] { detection_loss(output, kTargets, kFocal); }), {"denoised"});
  const auto refusal = [&](int64_t group) {
    const DenoisingQueries other{.boxes = queries.boxes, .group = group};
    return refusal_of([&] { detection_loss(output, kTargets, kFocal, &other); });
  };
  expect_words(refusal(3), {"8 denoising queries", "groups of 3"});
  expect_words(refusal(2), {"groups of 2", "3 targets"});
}

TEST(DetectionLoss, RefusesWhatDoesNotFit) {
  const BoxPredictions p = random_predictions(3, 5, 4, 1);
  expect_words(refusal_of([&] { detection_loss(p, {{}}, {{}}, 1, kSoftmax); }), {"1 pictures", "[3, 5, 4]"});
  expect_words(refusal_of([&] { detection_loss(p, kTargets, kMatches, 0, kSoftmax); }), {"divide by is 0"});
  expect_words(refusal_of([&] { detection_loss(DetectorOutput{}, kTargets, kSoftmax); }), {"no layers"});
}

TEST(MaskLoss, SpreadsMasksOverTheLargestPicture) {
  const Tensor masks = random_tensor({2, 3, 2, 2}, 1, 2);
  const std::vector<Tensor> targets = {Tensor({1, 1, 2}, Values{1, 0}),
                                       Tensor({1, 2, 2}, Values{1, 0, 0, 1})};
  const MaskLossParts parts = mask_loss(masks, targets, {{{2, 0}}, {{1, 0}}}, 4);
  const float wanted[2][4] = {{1, 0, 0, 0}, {1, 0, 0, 1}};  // the first picture has one row
  double focal = 0, dice = 0;
  for (int m = 0; m < 2; ++m) {
    double overlap = 0, total = 0;
    for (int i = 0; i < 4; ++i) {
      const double x = masks.data()[(m ? 4 : 2) * 4 + i], s = 1 / (1 + std::exp(-x)), t = wanted[m][i];
      focal += t > 0 ? 0.25 * (1 - s) * (1 - s) * -std::log(s) : 0.75 * s * s * -std::log(1 - s);
      overlap += s * t;
      total += s + t;
    }
    dice += 1 - (2 * overlap + 1) / (total + 1);
  }
  EXPECT_NEAR(value(parts.focal), focal / 4 / 4, 1e-5);
  EXPECT_NEAR(value(parts.dice), dice / 4, 1e-5);
}

TEST(MaskLoss, OfNoMatchIsNothing) {
  Tensor masks = random_tensor({1, 3, 2, 2}, 1);
  watch(masks);
  const MaskLossParts parts = mask_loss(masks, {Tensor()}, {{}}, 1);
  EXPECT_EQ(value(parts.focal), 0);
  EXPECT_EQ(value(parts.dice), 0);
  EXPECT_TRUE(same_bits(backward(parts.focal + parts.dice)[masks], Tensor::full(masks.shape(), 0)));
}

TEST(MaskLoss, GradientsAgainstDifferences) {
  const std::vector<Tensor> targets = {
      Tensor({1, 3, 5}, Values{1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1})};
  const auto error = gradient_error({random_tensor({1, 2, 2, 3}, 1)}, [&](const std::vector<Tensor>& t) {
    const MaskLossParts parts = mask_loss(t[0], targets, {{{1, 0}}}, 2);
    return parts.focal + parts.dice;
  });
  EXPECT_LT(error, 2e-3);
}

}  // namespace
}  // namespace fovea
