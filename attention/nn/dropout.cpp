#include "attention/nn/dropout.h"

#include <algorithm>

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "attention/base/rng.h"

namespace fovea {
namespace {

// Which of many things stay, each by the hash of its number: the same for any order of asking.
class Survivors {
 public:
  Survivors(double share, uint64_t key)
      : key_(key), limit_(static_cast<uint64_t>(share * 0x1p53)), factor_(share > 0 ? 1 / share : 0) {}
  float factor(int64_t i) const {  // 0, or what makes up for those that go
    const uint64_t hash = Rng(key_ + static_cast<uint64_t>(i) * kStride).next();
    return hash >> 11 < limit_ ? static_cast<float>(factor_) : 0.f;
  }

 private:
  static constexpr uint64_t kStride = 0x9E3779B97F4A7C15u;  // of splitmix64
  uint64_t key_, limit_;
  double factor_;
};

// Neighbouring values share the fate of one thing: `each` of them.
Tensor apply(const Tensor& x, const Survivors& survivors, int64_t each) {
  Tensor y(x.shape());
  const float* const from = x.data();
  float* const to = y.mutable_data();
  parallel_for(x.count(), 16384, [=](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (int64_t thing = begin / each; i < end; ++thing) {
      const float factor = survivors.factor(thing);
      for (const int64_t stop = std::min(end, (thing + 1) * each); i < stop; ++i) to[i] = from[i] * factor;
    }
  });
  return y;
}

Tensor dropped(const char* op, const Tensor& x, float probability, const Pass& pass, int64_t each) {
  if (!(probability >= 0 && probability <= 1))
    fail(op, ": the probability ", probability, " is not in [0, 1]");
  if (!pass.training || probability == 0 || x.count() == 0) return x;
  const Survivors survivors(1 - static_cast<double>(probability), pass.training->next());
  return record(apply(x, survivors, each), {x}, [survivors, each](const Tensor& dy) {
    return std::vector<Tensor>{apply(dy, survivors, each)};
  });
}

}  // namespace

Tensor dropout(const Tensor& x, float probability, const Pass& pass) {
  return dropped("dropout", x, probability, pass, 1);
}

Tensor drop_path(const Tensor& x, float probability, const Pass& pass) {
  const int64_t pictures = x.shape().rank() > 0 ? x.dim(0) : 0;
  return dropped("drop_path", x, probability, pass, pictures > 0 ? x.count() / pictures : 1);
}

float drop_path_at(int64_t layer, int64_t layers, float last) {
  return layers > 1 ? last * static_cast<float>(layer) / static_cast<float>(layers - 1) : 0;
}

}  // namespace fovea
