#include "models/training/teacher.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/training/classification_task.h"
#include "vision/mix.h"

namespace fovea {
namespace {

const Tensor kShares({3, 2}, std::vector<float>{0.75f, 0.25f, 0.5f, 0.5f, 0, 1});

// By hand, in double precision: of one row, T^2 KL(taught || softmax(logits / T)).
double loss_of_row(double z0, double z1, double p0, double p1, double T) {
  const double log_sum = std::log(std::exp(z0 / T) + std::exp(z1 / T));
  const auto term = [&](double p, double z) { return p > 0 ? p * (std::log(p) - (z / T - log_sum)) : 0; };
  return T * T * (term(p0, z0) + term(p1, z1));
}

TEST(TeacherLoss, ByHand) {
  const Tensor logits({2, 2}, std::vector<float>{1, -1, 2, 0.5f});
  const Tensor taught({2, 2}, std::vector<float>{0.25f, 0.75f, 0, 1});
  for (const float T : {1.0f, 4.0f})
    EXPECT_NEAR(teacher_loss(logits, taught, T).data()[0],
                (loss_of_row(1, -1, 0.25, 0.75, T) + loss_of_row(2, 0.5, 0, 1, T)) / 2, 1e-5);
  // A student that says the same as its teacher has nothing to learn.
  const Tensor same({1, 2}, std::vector<float>{std::log(0.2f) * 3, std::log(0.8f) * 3});
  EXPECT_NEAR(teacher_loss(same, Tensor({1, 2}, std::vector<float>{0.2f, 0.8f}), 3).data()[0], 0, 1e-6);
}

TEST(ClassificationStep, SharesItsLossBetweenLabelsAndTeacher) {
  const Tensor logits({2, 2}, std::vector<float>{1, -1, 2, 0.5f});
  Batch batch;
  batch.images = logits;
  batch.labels = {0, 1};
  batch.places = {2, 0};
  const double plain = (-std::log(1 / (1 + std::exp(-2))) - std::log(1 / (1 + std::exp(1.5)))) / 2;
  const double taught = (loss_of_row(1, -1, 0, 1, 2) + loss_of_row(2, 0.5, 0.75, 0.25, 2)) / 2;
  const Teaching teaching{.shares = kShares, .share = 0.3f, .temperature = 2};
  EXPECT_NEAR(classification_step(logits, batch, 0).loss.data()[0], plain, 1e-6);
  EXPECT_NEAR(classification_step(logits, batch, 0, teaching).loss.data()[0], 0.7 * plain + 0.3 * taught,
              1e-5);

  // Mixed pictures: what the teacher says is mixed like the labels, each with the one before it.
  batch.own_share = 0.8;
  batch.targets = mixed_up(one_hot(batch.labels, 2), 0.8);
  const double mixed = (loss_of_row(1, -1, 0.2 * 0.75, 0.8 + 0.2 * 0.25, 2) +
                        loss_of_row(2, 0.5, 0.8 * 0.75, 0.8 * 0.25 + 0.2, 2)) /
                       2;
  EXPECT_NEAR(
      classification_step(logits, batch, 0, {.shares = kShares, .share = 1, .temperature = 2}).loss.data()[0],
      mixed, 1e-5);
}

}  // namespace
}  // namespace fovea
