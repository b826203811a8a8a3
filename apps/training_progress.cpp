#include "apps/training_progress.h"

#include <fmt/format.h>

#include <cmath>
#include <ostream>

namespace fovea {

using namespace std::chrono_literals;

TrainingProgress::TrainingProgress(Console& console, Progress::Mode mode, bool quiet)
    : err_(console.err),
      mode_(mode == Progress::Mode::kAuto && !console.err_is_terminal ? Progress::Mode::kNone : mode),
      quiet_(quiet) {}

std::string TrainingProgress::line(const StepReport& r, Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const int64_t left = (r.epochs - r.epoch) * r.steps - r.step;
  return fmt::format("train  epoch {}/{}  step {}/{}  loss {:.4f}  accuracy {:.4f}  {:.1f} img/s  ETA {}",
                     r.epoch + 1, r.epochs, r.step, r.steps, r.loss, r.accuracy,
                     static_cast<double>(pictures_) / seconds,
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
  err_ << fmt::format("epoch {}/{}  loss {:.4f}  accuracy {:.4f}", m.epoch, epochs, m.train_loss,
                      m.train_accuracy);
  if (!std::isnan(m.held_out_loss))
    err_ << fmt::format("  held out: loss {:.4f}  accuracy {:.4f}", m.held_out_loss, m.held_out_accuracy);
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
