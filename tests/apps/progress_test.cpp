#include "apps/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace fovea {
namespace {

TEST(Progress, Line) {
  EXPECT_EQ(progress_line("classify", 200, 5000, 20), "classify  200/5 000  4 %  10.0 img/s  ETA 8:00");
  EXPECT_EQ(progress_line("embed", 1200, std::nullopt, 100), "embed  1 200  12.0 img/s");
  EXPECT_EQ(progress_line("embed", 0, 10, 3), "embed  0/10  0 %");
  EXPECT_EQ(progress_line("embed", 0, 0, 3), "embed  0/0");
  EXPECT_EQ(progress_line("embed", 100, 36100, 10), "embed  100/36 100  0 %  10.0 img/s  ETA 1:00:00");
}

std::string shown(Progress::Mode mode, bool terminal) {
  std::ostringstream err;
  Progress progress(err, mode, terminal, "classify");
  progress.expect(2);
  progress.advance();
  progress.advance();
  progress.finish();
  return err.str();
}

TEST(Progress, AutoIsSilentWithoutATerminal) {
  EXPECT_EQ(shown(Progress::Mode::kAuto, false), "");
  EXPECT_EQ(shown(Progress::Mode::kNone, true), "");
}

TEST(Progress, PlainEndsWithAWholeLineAndNoEscapes) {
  const std::string text = shown(Progress::Mode::kPlain, false);
  EXPECT_TRUE(text.starts_with("classify  2/2  100 %")) << text;
  EXPECT_TRUE(text.ends_with("\n")) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace fovea
