#include "apps/progress.h"

#include <fmt/format.h>

#include <cmath>
#include <ostream>

#include "apps/encode.h"

namespace fovea {
namespace {

using namespace std::chrono_literals;

}  // namespace

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string progress_line(const std::string& verb, int64_t done, std::optional<int64_t> total,
                          double seconds) {
  std::string line = verb + "  " + grouped(done);
  if (total) line += "/" + grouped(*total);
  if (total && *total > 0) line += fmt::format("  {} %", done * 100 / *total);
  if (done == 0 || seconds <= 0) return line;
  const double rate = static_cast<double>(done) / seconds;
  line += fmt::format("  {:.1f} img/s", rate);
  if (total) line += "  ETA " + clock_text(static_cast<double>(*total - done) / rate);
  return line;
}

Progress::Progress(std::ostream& err, Mode mode, bool terminal, std::string verb)
    : err_(err), mode_(mode == Mode::kAuto && !terminal ? Mode::kNone : mode), verb_(std::move(verb)) {}

void Progress::advance() {
  ++done_;
  const Clock::time_point now = Clock::now();
  if (shown() && now - last_ >= (mode_ == Mode::kPlain ? 5s : 100ms)) draw(now);
}

void Progress::draw(Clock::time_point now) {
  last_ = now;
  const std::string line =
      progress_line(verb_, done_, total_, std::chrono::duration<double>(now - start_).count());
  drawn_ = mode_ == Mode::kAuto;
  err_ << (drawn_ ? "\r" : "") << line << (drawn_ ? "\x1b[K" : "\n") << std::flush;
}

void Progress::clear() {
  if (drawn_) err_ << "\r\x1b[K";
  drawn_ = false;
}

void Progress::finish() {
  if (mode_ == Mode::kPlain) draw(Clock::now());
  clear();
  err_ << std::flush;
}

}  // namespace fovea
