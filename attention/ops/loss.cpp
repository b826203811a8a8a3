#include "attention/ops/loss.h"

#include "attention/autograd/grad.h"
#include "attention/base/error.h"
#include "attention/ops/reduce.h"

namespace fovea {

Tensor cross_entropy(const Tensor& logits, std::span<const int> labels) {
  if (logits.shape().rank() != 2) fail("cross_entropy: ", logits.shape(), " is not [B, classes]");
  const int64_t B = logits.dim(0), K = logits.dim(1);
  if (static_cast<int64_t>(labels.size()) != B)
    fail("cross_entropy: ", labels.size(), " labels for ", logits.shape());
  for (int label : labels)
    if (label < 0 || label >= K) fail("cross_entropy: label ", label, " for ", logits.shape());
  const Tensor logp = log_softmax(logits, 1);
  double sum = 0;
  for (int64_t b = 0; b < B; ++b) sum -= logp.data()[b * K + labels[static_cast<size_t>(b)]];
  std::vector<int> y(labels.begin(), labels.end());
  return record(Tensor::full({1}, static_cast<float>(sum / static_cast<double>(B))), {logp},
                [y, B, K](const Tensor& dloss) {
                  Tensor dx = Tensor::full({B, K}, 0);
                  for (int64_t b = 0; b < B; ++b)
                    dx.mutable_data()[b * K + y[static_cast<size_t>(b)]] =
                        -dloss.data()[0] / static_cast<float>(B);
                  return std::vector<Tensor>{dx};
                });
}

}  // namespace fovea
