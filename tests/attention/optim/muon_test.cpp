#include "attention/optim/muon.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "tests/attention/optim/problem.h"

namespace fovea {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix matrix_of(const Tensor& x) {
  const int64_t rows = x.dim(0);
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
             x.data(), rows, x.count() / rows)
      .cast<double>();
}

// By singular values, as the iteration is defined: U f(f(..(s / |s|))) V^T.
Matrix orthogonalised_naive(const Matrix& x, int iterations) {
  const Eigen::JacobiSVD<Matrix> svd(x, Eigen::ComputeThinU | Eigen::ComputeThinV);
  Eigen::VectorXd s = svd.singularValues() / x.norm();
  for (int i = 0; i < iterations; ++i)
    for (double& v : s) v = 3.4445 * v - 4.7750 * std::pow(v, 3) + 2.0315 * std::pow(v, 5);
  return svd.matrixU() * s.asDiagonal() * svd.matrixV().transpose();
}

TEST(Muon, OrthogonalisesMatricesOfAnyShape) {
  for (const Shape& shape : {Shape{7, 31}, Shape{31, 7}, Shape{24, 24}, Shape{1, 9}}) {
    const Tensor x = random_tensor(shape, 3);
    const Matrix got = matrix_of(orthogonalised(x, 5));
    EXPECT_LT((got - orthogonalised_naive(matrix_of(x), 5)).cwiseAbs().maxCoeff(), 1e-5) << shape;
    const Eigen::VectorXd s = Eigen::JacobiSVD<Matrix>(got).singularValues();
    EXPECT_LT(s.maxCoeff(), 1.25) << shape;
    EXPECT_GT(s.minCoeff(), 0.3) << shape;
  }
}

TEST(Muon, LeavesAnEmptyGradientsDirectionZero) {
  const Tensor direction = orthogonalised(Tensor::full({3, 4}, 0), 5);
  for (const float v : direction.values()) EXPECT_EQ(v, 0);
}

TEST(Muon, StepsAMatrixByItsMomentumsDirectionsAndTheRestByAdamW) {
  const Problem problem, twin;
  auto groups = problem.groups();
  Muon muon({groups[0]}, {groups[1]}, {.momentum = 0.9f});
  AdamW adamw({twin.groups()[1]});
  Matrix value = matrix_of(problem.weight), momentum = Matrix::Zero(3, 5);
  const Matrix factor = matrix_of(problem.weight_factor);
  for (int i = 0; i < 6; ++i) {
    const Matrix g = value.cwiseAbs2().cwiseProduct(factor);
    momentum = 0.9 * momentum + 0.1 * g;
    const Matrix ahead = 0.9 * momentum + 0.1 * g;
    value = value * (1 - 0.05 * 0.1) - 0.05 * 0.2 * std::sqrt(5.0) * orthogonalised_naive(ahead, 5);
    muon.step(problem.gradients(), 0.05f);
    adamw.step(twin.gradients(), 0.05f);
  }
  EXPECT_LT((matrix_of(problem.weight) - value).cwiseAbs().maxCoeff(), 1e-5);
  EXPECT_TRUE(same_bits(problem.bias, twin.bias));
}

TEST(Muon, ResumesToTheSameBits) {
  EXPECT_TRUE(resumes_exactly([](std::vector<ParameterGroup> groups) {
    return std::make_unique<Muon>(std::vector{groups[0]}, std::vector{groups[1]});
  }));
}

TEST(Muon, HasTheSameBitsForAnyNumberOfThreads) {
  const Problem one(4000), many(4000);
  auto few = one.groups(), more = many.groups();
  Muon a({few[0]}, {few[1]}), b({more[0]}, {more[1]});
  Threads(1).run([&] { a.step(one.gradients(), 0.1f); });
  Threads(3).run([&] { b.step(many.gradients(), 0.1f); });
  EXPECT_TRUE(same_bits(one.weight, many.weight));
}

TEST(Muon, SaysWhatItCannotTake) {
  const auto complaint = [](auto make) -> std::string {
    try {
      make();
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  };
  const Problem problem;
  auto groups = problem.groups();
  EXPECT_EQ(complaint([&] { Muon(groups, {}); }), "muon: layer.bias is [4], not a matrix; leave it to AdamW");
  EXPECT_EQ(complaint([&] { Muon({groups[0]}, {groups[0]}); }),
            "muon: parameter layer.weight is given twice");
  Muon muon({groups[0]}, {groups[1]});
  auto state = muon.state();
  EXPECT_EQ(state.size(), 4u);  // a momentum, two moments and a count
  state.erase("momentum.layer.weight");
  EXPECT_EQ(complaint([&] { muon.load(state); }),
            "muon: the saved state lacks momentum.layer.weight; is it of another run?");
}

}  // namespace
}  // namespace fovea
