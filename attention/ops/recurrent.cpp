#include "attention/ops/recurrent.h"

#include "attention/base/error.h"
#include "attention/ops/linear.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"

namespace fovea {
namespace {

using Tensors = std::vector<Tensor>;

// Halves of halves, so that the gradients of T parts cost T log T rather than T T.
Tensor join(std::span<const Tensor> parts, int axis) {
  if (parts.size() == 1) return parts[0];
  const size_t half = parts.size() / 2;
  return concat(join(parts.first(half), axis), join(parts.subspan(half), axis), axis);
}

void split(const Tensor& x, int axis, Tensors& parts) {
  const int64_t n = x.dim(axis), half = n / 2;
  if (n <= 1) return parts.push_back(x);
  split(slice(x, axis, 0, half), axis, parts);
  split(slice(x, axis, half, n - half), axis, parts);
}

// What one step keeps for the next.
struct Step {
  Tensor hidden, cell;  // [B, H]
};
// From the input's share of the gates, [B, gates * H].
using Advance = Step (*)(const Tensor& gates, const Step& before, const RecurrentWeights& w);

Step lstm_step(const Tensor& gates, const Step& before, const RecurrentWeights& w) {
  const Tensor all = gates + linear(before.hidden, w.hidden, w.hidden_bias);
  const int64_t H = before.hidden.dim(1);
  const auto gate = [&](int64_t i) { return slice(all, 1, i * H, H); };
  const Tensor cell = mul(sigmoid(gate(1)), before.cell) + mul(sigmoid(gate(0)), tanh(gate(2)));
  return {mul(sigmoid(gate(3)), tanh(cell)), cell};
}

Step gru_step(const Tensor& gates, const Step& before, const RecurrentWeights& w) {
  const Tensor own = linear(before.hidden, w.hidden, w.hidden_bias);
  const int64_t H = before.hidden.dim(1);
  const auto part = [&](const Tensor& of, int64_t i) { return slice(of, 1, i * H, H); };
  const Tensor reset = sigmoid(part(gates, 0) + part(own, 0));
  const Tensor update = sigmoid(part(gates, 1) + part(own, 1));
  const Tensor fresh = tanh(part(gates, 2) + mul(reset, part(own, 2)));
  return {fresh + mul(update, before.hidden - fresh), {}};
}

// What is common to both.
struct Kind {
  const char* name;
  int64_t gates;
  Advance advance;
};

void expect_fit(const Kind& kind, const Tensor& x, const RecurrentWeights& w) {
  const int64_t H = w.hidden.shape().rank() == 2 ? w.hidden.dim(1) : 0;
  if (H < 1 || w.hidden.dim(0) != kind.gates * H || w.input.shape() != Shape{kind.gates * H, x.dim(2)})
    fail(kind.name, ": input ", x.shape(), " does not fit weights ", w.input.shape(), " and ",
         w.hidden.shape());
}

// The state's row `i`, or zeros.
Tensor start_of(const Kind& kind, const Tensor& states, int64_t i, int64_t rows, const Shape& shape) {
  if (!states) return Tensor::full(shape, 0);
  if (states.shape() != Shape{rows, shape[0], shape[1]})
    fail(kind.name, ": state ", states.shape(), " is not ", Shape{rows, shape[0], shape[1]});
  return reshape(slice(states, 0, i, 1), shape);
}

// One direction over x [B, T, in]: the hidden state of each step, [B, T, H]. `state` becomes the last.
Tensor pass_over(const Kind& kind, const Tensor& x, const RecurrentWeights& w, bool backward, Step& state) {
  expect_fit(kind, x, w);
  const int64_t B = x.dim(0), H = w.hidden.dim(1);
  Tensors gates, hidden(static_cast<size_t>(x.dim(1)));
  split(linear(x, w.input, w.input_bias), 1, gates);
  for (size_t i = 0; i < gates.size(); ++i) {
    const size_t t = backward ? gates.size() - 1 - i : i;
    state = kind.advance(reshape(gates[t], {B, kind.gates * H}), state, w);
    hidden[t] = reshape(state.hidden, {B, 1, H});
  }
  return join(hidden, 1);
}

Recurrence run(const Kind& kind, const Tensor& x, std::span<const RecurrentWeights> weights,
               bool bidirectional, const RecurrentState& start) {
  const size_t directions = bidirectional ? 2 : 1;
  if (x.shape().rank() != 3 || x.dim(1) == 0) fail(kind.name, ": input ", x.shape(), " is not [B, T, in]");
  if (weights.empty() || weights.size() % directions != 0)
    fail(kind.name, ": ", weights.size(), " weights for layers of ", directions, " directions");
  Tensor sequence = x;
  Tensors hidden, cells, both;
  for (size_t i = 0; i < weights.size(); ++i) {
    const Shape shape{x.dim(0), weights[i].hidden.dim(-1)};
    const auto row = static_cast<int64_t>(i), rows = static_cast<int64_t>(weights.size());
    Step state{start_of(kind, start.hidden, row, rows, shape), start_of(kind, start.cell, row, rows, shape)};
    both.push_back(pass_over(kind, sequence, weights[i], i % directions == 1, state));
    hidden.push_back(reshape(state.hidden, {1, shape[0], shape[1]}));
    if (state.cell) cells.push_back(reshape(state.cell, {1, shape[0], shape[1]}));
    if (both.size() < directions) continue;
    sequence = join(both, 2);
    both.clear();
  }
  return {sequence, {join(hidden, 0), cells.empty() ? Tensor() : join(cells, 0)}};
}

}  // namespace

Recurrence lstm(const Tensor& x, std::span<const RecurrentWeights> weights, bool bidirectional,
                const RecurrentState& start) {
  return run({"lstm", 4, lstm_step}, x, weights, bidirectional, start);
}

Recurrence gru(const Tensor& x, std::span<const RecurrentWeights> weights, bool bidirectional,
               const RecurrentState& start) {
  return run({"gru", 3, gru_step}, x, weights, bidirectional, start);
}

}  // namespace fovea
