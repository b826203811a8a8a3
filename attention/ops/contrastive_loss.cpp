#include "attention/ops/contrastive_loss.h"

#include <algorithm>

#include "attention/base/error.h"
#include "attention/ops/linear.h"
#include "attention/ops/matmul.h"
#include "attention/ops/pointwise.h"
#include "attention/ops/reorder.h"

namespace fovea {

Tensor contrastive_logits(const Tensor& queries, const Tensor& keys, const Tensor& others,
                          float temperature) {
  if (queries.shape().rank() != 2 || keys.shape() != queries.shape() || others.shape().rank() != 2 ||
      others.dim(1) != queries.dim(1))
    fail("contrastive_logits: queries ", queries.shape(), ", keys ", keys.shape(), " and others ",
         others.shape());
  if (!(temperature > 0)) fail("contrastive_logits: the temperature is ", temperature, ", not above 0");
  const int64_t B = queries.dim(0), D = queries.dim(1);
  const Tensor own = reshape(matmul(reshape(queries, {B, 1, D}), reshape(keys, {B, D, 1})), {B, 1});
  return scale(concat(own, linear(queries, others, {}), 1), 1 / temperature);
}

KeyQueue::KeyQueue(Tensor keys, int64_t next) : keys_(keys.clone()), next_(next) {
  if (keys_.shape().rank() != 2 || next < 0 || next >= keys_.dim(0))
    fail("key queue: row ", next, " is next in keys ", keys_.shape());
}

void KeyQueue::push(const Tensor& keys) {
  if (keys.shape().rank() != 2 || keys.dim(1) != keys_.dim(1) || keys.dim(0) < 1 ||
      keys_.dim(0) % keys.dim(0) != 0)
    fail("key queue: keys ", keys.shape(), " do not fill ", keys_.shape(), " a whole number of times");
  keys_ = keys_.clone();
  for (int64_t b = 0; b < keys.dim(0); ++b) {
    std::copy_n(keys.data() + b * keys.dim(1), keys.dim(1), keys_.mutable_data() + next_ * keys.dim(1));
    next_ = (next_ + 1) % keys_.dim(0);
  }
}

}  // namespace fovea
