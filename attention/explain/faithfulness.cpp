#include "attention/explain/faithfulness.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attention/base/error.h"

namespace fovea {
namespace {

using Score = std::function<std::vector<double>(const Tensor&)>;

// 0, 1, ... by falling value, equal ones in their order.
std::vector<int64_t> falling_order(std::span<const float> values) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  return order;
}

// The pixels of a frame, those of the map's greatest cell first.
std::vector<int64_t> pixel_order(const Tensor& map, int64_t height, int64_t width) {
  const int64_t rows = map.dim(0), columns = map.dim(1);
  std::vector<std::vector<int64_t>> pixels(static_cast<size_t>(map.count()));
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      const int64_t row = (2 * y + 1) * rows / (2 * height), column = (2 * x + 1) * columns / (2 * width);
      pixels[static_cast<size_t>(row * columns + column)].push_back(y * width + x);
    }
  std::vector<int64_t> order;
  for (const int64_t cell : falling_order(map.values())) {
    const std::vector<int64_t>& own = pixels[static_cast<size_t>(cell)];
    order.insert(order.end(), own.begin(), own.end());
  }
  return order;
}

// Gathers frames and scores a batch of them at once.
class Scorer {
 public:
  Scorer(const Shape& frame, int64_t batch, const Score& score)
      : frame_(frame), batch_(batch), score_(score) {}

  void add(const Tensor& frame) {
    waiting_.insert(waiting_.end(), frame.data(), frame.data() + frame.count());
    if (std::ssize(waiting_) == batch_ * frame.count()) flush();
  }
  const std::vector<double>& scores() {
    if (!waiting_.empty()) flush();
    return scores_;
  }

 private:
  void flush() {
    const Tensor frames(frame_.with(0, std::ssize(waiting_) / frame_.count()), waiting_);
    const std::vector<double> answer = score_(frames);
    if (std::ssize(answer) != frames.dim(0))
      fail("faithfulness: ", answer.size(), " scores of ", frames.dim(0), " pictures");
    for (const double score : answer)
      if (!std::isfinite(score)) fail("faithfulness: a score is not finite");
    scores_.insert(scores_.end(), answer.begin(), answer.end());
    waiting_.clear();
  }

  Shape frame_;
  int64_t batch_;
  const Score& score_;
  std::vector<float> waiting_;
  std::vector<double> scores_;
};

double area(const std::vector<double>& curve) {
  const double sum = std::accumulate(curve.begin(), curve.end(), 0.0);
  return (sum - (curve.front() + curve.back()) / 2) / static_cast<double>(curve.size() - 1);
}

void expect_fit(const Tensor& image, const Tensor& blank, const Tensor& map,
                const FaithfulnessConfig& config) {
  const Shape& shape = image.shape();
  if (shape.rank() != 4 || shape[0] != 1 || shape[3] != 3 || image.count() == 0 || blank.shape() != shape)
    fail("faithfulness: image ", shape, ", blank ", blank.shape());
  if (map.shape().rank() != 2 || map.count() == 0) fail("faithfulness: map ", map.shape());
  for (const float value : map.values())
    if (std::isnan(value)) fail("faithfulness: the map holds NaN");
  if (config.steps < 1 || config.batch < 1)
    fail("faithfulness: ", config.steps, " steps, batches of ", config.batch);
}

// Mean ranks, from 0.
std::vector<double> ranks(std::span<const float> values) {
  const std::vector<int64_t> order = falling_order(values);
  const auto at = [&](size_t i) { return values[static_cast<size_t>(order[i])]; };
  std::vector<double> out(values.size());
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && at(end) == at(begin)) ++end;
    for (size_t i = begin; i < end; ++i)
      out[static_cast<size_t>(order[i])] = static_cast<double>(begin + end - 1) / 2;
  }
  return out;
}

}  // namespace

Faithfulness faithfulness(const Tensor& image, const Tensor& blank, const Tensor& map, const Score& score,
                          const FaithfulnessConfig& config) {
  expect_fit(image, blank, map, config);
  const std::vector<int64_t> order = pixel_order(map, image.dim(1), image.dim(2));
  const int64_t steps = config.steps, pixels = std::ssize(order);
  Scorer scorer(image.shape(), config.batch, score);
  Tensor frame = image.clone();
  int64_t changed = 0;
  const auto change_up_to = [&](int64_t step, const Tensor& from) {
    for (const int64_t end = (step * pixels + steps - 1) / steps; changed < end; ++changed) {
      const int64_t at = 3 * order[static_cast<size_t>(changed)];
      std::copy_n(from.data() + at, 3, frame.mutable_data() + at);
    }
    scorer.add(frame);
  };
  // From the picture to the blank and back again: the ends are common to both curves.
  for (int64_t step = 0; step <= steps; ++step) change_up_to(step, blank);
  changed = 0;
  for (int64_t step = 1; step < steps; ++step) change_up_to(step, image);

  const std::vector<double>& scores = scorer.scores();
  Faithfulness result;
  result.deletion.assign(scores.begin(), scores.begin() + steps + 1);
  result.insertion.assign(scores.begin() + steps, scores.end());
  result.insertion.push_back(scores.front());
  result.deletion_area = area(result.deletion);
  result.insertion_area = area(result.insertion);
  return result;
}

double rank_correlation(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) fail("rank_correlation: ", a.size(), " values and ", b.size());
  for (size_t i = 0; i < a.size(); ++i)
    if (std::isnan(a[i]) || std::isnan(b[i])) fail("rank_correlation: value ", i, " is NaN");
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double mean = (static_cast<double>(a.size()) - 1) / 2;
  double xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
    xy += (x[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

}  // namespace fovea
