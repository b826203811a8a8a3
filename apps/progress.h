#pragma once
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace fovea {

// "classify  204/5 000  4 %  11.3 img/s  ETA 7:04"; without a total only the count and the rate.
std::string progress_line(const std::string& verb, int64_t done, std::optional<int64_t> total,
                          double seconds);

std::string clock_text(double seconds);  // "4:07", "1:02:03"

// How far a run is, on stderr: one line that is redrawn, or (kPlain) a new line now and then.
class Progress {
 public:
  enum class Mode { kAuto, kPlain, kNone };
  Progress(std::ostream& err, Mode mode, bool terminal, std::string verb);
  bool shown() const { return mode_ != Mode::kNone; }
  void expect(int64_t total) { total_ = total; }
  void advance();
  void clear();  // before anything else is written to stderr
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  std::ostream& err_;
  Mode mode_;  // kAuto: a terminal is there
  std::string verb_;
  std::optional<int64_t> total_;
  int64_t done_ = 0;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

}  // namespace fovea
