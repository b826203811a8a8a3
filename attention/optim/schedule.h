#pragma once
#include <cstdint>
#include <vector>

namespace fovea {

// The learning rate of each step, as a function of the step alone, so that a resumed run takes the same ones.
// After a warm-up: kConstant stays, kCosine falls along half a cosine, kStep falls at each of `drops`.
// kOneCycle (Smith & Topin 2018, https://arxiv.org/abs/1708.07120) is two straight legs: from a 25th of the
// peak up to it at step `warm_up` (0: after three tenths of the steps), and down to the final share. A step
// past the last one takes the last one's rate.
struct Schedule {
  enum class Kind { kConstant, kCosine, kOneCycle, kStep };
  Kind kind = Kind::kCosine;
  float peak = 1e-3f;            // the largest rate
  int64_t steps = 1;             // of the whole run
  int64_t warm_up = 0;           // steps of a linear rise to the peak, which step `warm_up` has
  float final_share = 0;         // of the peak, at the last step (cosine, one-cycle)
  std::vector<int64_t> drops{};  // kStep: from these steps on, the rate is `drop` times what it was
  float drop = 0.1f;
};
float learning_rate(const Schedule& schedule, int64_t step);  // step 0 is the first

}  // namespace fovea
