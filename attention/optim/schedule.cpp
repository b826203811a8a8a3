#include "attention/optim/schedule.h"

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"

namespace fovea {
namespace {

constexpr double kPi = 3.14159265358979323846, kOneCycleStart = 1.0 / 25;

// 0 at the peak, 1 at the last step.
double fall(const Schedule& s, int64_t step, int64_t top) {
  return static_cast<double>(step - top) / static_cast<double>(std::max<int64_t>(s.steps - 1 - top, 1));
}

// The rate's share of the peak.
double one_cycle(const Schedule& s, int64_t step) {
  const int64_t top = s.warm_up ? s.warm_up : s.steps * 3 / 10;
  if (step < top)
    return kOneCycleStart + (1 - kOneCycleStart) * static_cast<double>(step) / static_cast<double>(top);
  return 1 + (s.final_share - 1.0) * fall(s, step, top);
}

double after_warm_up(const Schedule& s, int64_t step) {
  if (s.kind == Schedule::Kind::kCosine)
    return s.final_share + (1.0 - s.final_share) * (1 + std::cos(kPi * fall(s, step, s.warm_up))) / 2;
  double share = 1;
  if (s.kind == Schedule::Kind::kStep)
    for (const int64_t from : s.drops) share *= step >= from ? static_cast<double>(s.drop) : 1;
  return share;
}

}  // namespace

float learning_rate(const Schedule& schedule, int64_t step) {
  if (schedule.steps < 1 || schedule.warm_up < 0 || step < 0)
    fail("schedule: step ", step, " of ", schedule.steps, ", ", schedule.warm_up, " of them to warm up");
  step = std::min(step, schedule.steps - 1);
  double share = 0;
  if (schedule.kind == Schedule::Kind::kOneCycle)
    share = one_cycle(schedule, step);
  else if (step < schedule.warm_up)
    share = static_cast<double>(step + 1) / static_cast<double>(schedule.warm_up + 1);
  else
    share = after_warm_up(schedule, step);
  return static_cast<float>(schedule.peak * share);
}

}  // namespace fovea
