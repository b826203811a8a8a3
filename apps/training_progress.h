#pragma once
#include <chrono>
#include <iosfwd>
#include <string>
#include <vector>

#include "apps/console.h"
#include "apps/progress.h"
#include "models/training/trainer.h"

namespace fovea {

// How far a training run is, on stderr: a line that is redrawn, or (kPlain) a new one now and then; and, but
// for `quiet`, a line for each epoch and each note.
class TrainingProgress {
 public:
  TrainingProgress(Console& console, std::vector<Measure> measures, Progress::Mode mode, bool quiet);
  void begin() { start_ = last_ = Clock::now(); }  // of the first step
  void step(const StepReport& report);
  void epoch(const EpochMetrics& metrics, int64_t epochs);
  void note(const std::string& line);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(const StepReport& report, Clock::time_point now) const;

  std::ostream& err_;
  std::vector<Measure> measures_;
  Progress::Mode mode_;
  bool quiet_;
  bool drawn_ = false;
  int64_t pictures_ = 0, steps_ = 0;  // since the start of this process
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

}  // namespace fovea
