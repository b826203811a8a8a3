#include "attention/ops/recurrent.h"

#include <gtest/gtest.h>

#include "attention/base/error.h"
#include "attention/ops/rearrange.h"
#include "tests/support/gradient_check.h"

namespace fovea {
namespace {

constexpr int64_t kBatch = 2, kSteps = 5, kIn = 3, kHidden = 4;

RecurrentWeights weights(int64_t gates, int64_t in, uint64_t seed, bool bias = true) {
  RecurrentWeights w{random_tensor({gates * kHidden, in}, seed, 0.5),
                     random_tensor({gates * kHidden, kHidden}, seed + 1, 0.5)};
  if (bias) w.input_bias = random_tensor({gates * kHidden}, seed + 2);
  if (bias) w.hidden_bias = random_tensor({gates * kHidden}, seed + 3);
  return w;
}

double sigmoid_of(double x) {
  return 1 / (1 + std::exp(-x));
}

// weight x + bias, one value.
double row(const Tensor& weight, const Tensor& bias, int64_t r, const double* x) {
  double sum = bias ? bias.data()[r] : 0;
  for (int64_t i = 0; i < weight.dim(1); ++i) sum += weight.data()[r * weight.dim(1) + i] * x[i];
  return sum;
}

using States = std::vector<double>;

// One step of one sequence, in double; `h` and `c` become the next.
void lstm_reference(const RecurrentWeights& w, const double* x, States& h, States& c) {
  const States before = h;
  for (int64_t j = 0; j < kHidden; ++j) {
    double gate[4];
    for (int64_t g = 0; g < 4; ++g)
      gate[g] = row(w.input, w.input_bias, g * kHidden + j, x) +
                row(w.hidden, w.hidden_bias, g * kHidden + j, before.data());
    const auto at = static_cast<size_t>(j);
    c[at] = sigmoid_of(gate[1]) * c[at] + sigmoid_of(gate[0]) * std::tanh(gate[2]);
    h[at] = sigmoid_of(gate[3]) * std::tanh(c[at]);
  }
}

void gru_reference(const RecurrentWeights& w, const double* x, States& h, States&) {
  const States before = h;
  for (int64_t j = 0; j < kHidden; ++j) {
    double in[3], own[3];
    for (int64_t g = 0; g < 3; ++g) {
      in[g] = row(w.input, w.input_bias, g * kHidden + j, x);
      own[g] = row(w.hidden, w.hidden_bias, g * kHidden + j, before.data());
    }
    const double reset = sigmoid_of(in[0] + own[0]), update = sigmoid_of(in[1] + own[1]);
    const auto at = static_cast<size_t>(j);
    h[at] = (1 - update) * std::tanh(in[2] + reset * own[2]) + update * before[at];
  }
}

struct Net {
  const char* name;
  int64_t gates;
  Recurrence (*run)(const Tensor&, std::span<const RecurrentWeights>, bool, const RecurrentState&);
  void (*reference)(const RecurrentWeights&, const double*, States&, States&);
};
const Net kNets[] = {{"lstm", 4, lstm, lstm_reference}, {"gru", 3, gru, gru_reference}};

RecurrentState random_start(const Net& net, int64_t rows) {
  RecurrentState start{random_tensor({rows, kBatch, kHidden}, 51)};
  if (net.gates == 4) start.cell = random_tensor({rows, kBatch, kHidden}, 52);
  return start;
}

TEST(Recurrent, LayersStepAsTheirFormulasSay) {
  for (const Net& net : kNets)
    for (const bool bias : {true, false}) {
      SCOPED_TRACE(net.name);
      const RecurrentWeights w = weights(net.gates, kIn, 1, bias);
      const Tensor x = random_tensor({kBatch, kSteps, kIn}, 9);
      const RecurrentState start = random_start(net, 1);
      const Recurrence got = net.run(x, {&w, 1}, false, start);
      ASSERT_EQ(got.sequence.shape(), (Shape{kBatch, kSteps, kHidden}));
      for (int64_t b = 0; b < kBatch; ++b) {
        const float* first = start.hidden.data() + b * kHidden;
        States h(first, first + kHidden), c(kHidden);
        if (start.cell) c.assign(start.cell.data() + b * kHidden, start.cell.data() + (b + 1) * kHidden);
        for (int64_t t = 0; t < kSteps; ++t) {
          const float* values = x.data() + (b * kSteps + t) * kIn;
          net.reference(w, States(values, values + kIn).data(), h, c);
          for (int64_t j = 0; j < kHidden; ++j)
            EXPECT_NEAR(got.sequence.data()[(b * kSteps + t) * kHidden + j], h[static_cast<size_t>(j)], 2e-6);
        }
        for (int64_t j = 0; j < kHidden; ++j) {
          EXPECT_NEAR(got.state.hidden.data()[b * kHidden + j], h[static_cast<size_t>(j)], 2e-6);
          if (!start.cell) continue;
          EXPECT_NEAR(got.state.cell.data()[b * kHidden + j], c[static_cast<size_t>(j)], 2e-6);
        }
      }
    }
}

TEST(Recurrent, StacksLayersAndDirections) {
  for (const Net& net : kNets) {
    SCOPED_TRACE(net.name);
    const std::vector<RecurrentWeights> w = {weights(net.gates, kIn, 1), weights(net.gates, kIn, 11),
                                             weights(net.gates, 2 * kHidden, 21),
                                             weights(net.gates, 2 * kHidden, 31)};
    const Tensor x = random_tensor({kBatch, kSteps, kIn}, 9);
    const Recurrence both = net.run(x, {w.data(), 2}, true, {}), deep = net.run(x, w, true, {});
    const auto one = [&](const Tensor& in, size_t i) { return net.run(in, {w.data() + i, 1}, false, {}); };
    const auto back = [&](const Tensor& in, size_t i) { return flip(one(flip(in, 1), i).sequence, 1); };
    EXPECT_TRUE(same_bits(take(both.sequence, 2, {0, 1, 2, 3}), one(x, 0).sequence));
    EXPECT_TRUE(same_bits(take(both.sequence, 2, {4, 5, 6, 7}), back(x, 1)));
    EXPECT_TRUE(same_bits(take(deep.sequence, 2, {0, 1, 2, 3}), one(both.sequence, 2).sequence));
    EXPECT_TRUE(same_bits(take(deep.sequence, 2, {4, 5, 6, 7}), back(both.sequence, 3)));
    ASSERT_EQ(deep.state.hidden.shape(), (Shape{4, kBatch, kHidden}));
    EXPECT_TRUE(same_bits(take(deep.state.hidden, 0, {2}), one(both.sequence, 2).state.hidden));
  }
}

TEST(Recurrent, PassesGradientsThroughTime) {
  for (const Net& net : kNets) {
    SCOPED_TRACE(net.name);
    std::vector<RecurrentWeights> w = {weights(net.gates, kIn, 1), weights(net.gates, kIn, 11)};
    Tensor x = random_tensor({kBatch, kSteps, kIn}, 9);
    RecurrentState start = random_start(net, 2);
    std::vector<Tensor*> watched = {&x, &start.hidden};
    if (start.cell) watched.push_back(&start.cell);
    for (RecurrentWeights& of : w)
      for (Tensor* t : {&of.input, &of.hidden, &of.input_bias, &of.hidden_bias}) watched.push_back(t);
    std::vector<Tensor> leaves;
    for (Tensor* t : watched) {
      watch(*t);
      leaves.push_back(*t);
    }
    EXPECT_LT(leaf_gradient_error(leaves, [&] { return net.run(x, w, true, start).sequence; }), 2e-3);
    EXPECT_LT(leaf_gradient_error({x}, [&] { return net.run(x, w, true, start).state.hidden; }), 2e-3);
  }
}

TEST(Recurrent, RefusesWhatDoesNotFit) {
  for (const Net& net : kNets) {
    const std::vector<RecurrentWeights> w = {weights(net.gates, kIn, 1), weights(net.gates, kIn, 11)};
    const Tensor x = random_tensor({kBatch, kSteps, kIn}, 9);
    EXPECT_THROW(net.run(x, w, false, {}), Error);  // the second layer reads the first's 4 values
    EXPECT_THROW(net.run(x, {w.data(), 1}, true, {}), Error);
    EXPECT_THROW(net.run(x, {w.data(), 1}, false, random_start(net, 2)), Error);
    EXPECT_THROW(net.run(random_tensor({kSteps, kIn}, 1), w, true, {}), Error);
    EXPECT_THROW(net.run(x, {}, false, {}), Error);
  }
}

}  // namespace
}  // namespace fovea
