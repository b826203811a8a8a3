#include "apps/training_progress.h"

#include <fmt/format.h>

#include <cmath>
#include <ostream>

namespace fovea {

using namespace std::chrono_literals;

TrainingProgress::TrainingProgress(Console& console, std::vector<Measure> measures, Progress::Mode mode,
                                   bool quiet)
    : err_(console.err),
      measures_(std::move(measures)),
      mode_(mode == Progress::Mode::kAuto && !console.err_is_terminal ? Progress::Mode::kNone : mode),
      quiet_(quiet) {}

std::string TrainingProgress::line(const StepReport& r, Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const int64_t left = (r.epochs - r.epoch) * r.steps - r.step;
  return fmt::format("train  epoch {}/{}  step {}/{}  {} {:.4f}  {} {:.4f}  {:.1f} img/s  ETA {}",
                     r.epoch + 1, r.epochs, r.step, r.steps, measures_.at(0).word, r.loss,
                     measures_.at(1).word, r.score, static_cast<double>(pictures_) / seconds,
                     clock_text(seconds / static_cast<double>(steps_) * static_cast<double>(left)));
}

void TrainingProgress::step(const StepReport& report) {
  pictures_ += report.pictures;
  ++steps_;
  const Clock::time_point now = Clock::now();
  if (mode_ == Progress::Mode::kNone || now - last_ < (mode_ == Progress::Mode::kPlain ? 10s : 100ms)) return;
  last_ = now;
  drawn_ = mode_ == Progress::Mode::kAuto;
  err_ << (drawn_ ? "\r" : "") << line(report, now) << (drawn_ ? "\x1b[K" : "\n") << std::flush;
}

void TrainingProgress::epoch(const EpochMetrics& m, int64_t epochs) {
  clear();
  if (quiet_) return;
  const auto measured = [&](size_t i) {
    return fmt::format("  {} {:.4f}", measures_[i].word, m.values.at(i));
  };
  err_ << fmt::format("epoch {}/{}", m.epoch, epochs) << measured(0) << measured(1);
  for (size_t i = 2; i < measures_.size(); ++i)
    if (!std::isnan(m.values.at(i))) err_ << (i == 2 ? "  held out:" + measured(i).substr(1) : measured(i));
  err_ << fmt::format("  {}  {:.1f} img/s\n", clock_text(m.seconds), m.images_per_second) << std::flush;
}

void TrainingProgress::note(const std::string& line) {
  clear();
  if (!quiet_) err_ << "fovea: " << line << "\n" << std::flush;
}

void TrainingProgress::clear() {
  if (drawn_) err_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace fovea
