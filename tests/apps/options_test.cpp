#include "apps/options.h"

#include <gtest/gtest.h>

#include "tests/apps/process.h"

namespace fovea {
namespace {

// What --x VALUE is refused with; empty: it is taken.
std::string refusal(const std::string& value, double least, double most) {
  CLI::App app;
  double x = 0;
  app.add_option("--x", x)->check(within(least, most));
  try {
    app.parse({value, "--x"});  // the last word first
    return "";
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
}

TEST(Options, ANumberLiesWithinItsBounds) {
  for (const char* good : {"0", "1", "0.25", "1e-3"}) EXPECT_EQ(refusal(good, 0, 1), "") << good;
  for (const char* bad : {"nan", "-nan", "NAN", "inf", "-inf", "1.0001", "-1e-9", "1e999", "x", ""})
    EXPECT_NE(refusal(bad, 0, 1), "") << bad;
  EXPECT_NE(refusal("inf", 0, 1e12), "");
  EXPECT_EQ(refusal("nan", 0, 0.5), "--x: nan is no number from 0 to 0.5");
}

TEST(Options, LeadingZerosDoNotChangeANumber) {
  const std::pair<const char*, int> cases[] = {{"010", 10}, {"08", 8},  {"-007", -7},
                                               {"0", 0},    {"000", 0}, {"10", 10}};
  for (const auto& [text, value] : cases) {
    CLI::App app("", "fovea test");
    int number = -1;
    uint64_t seed = 5;
    app.add_option("--number", number)->type_name("N")->check(CLI::Range(-100, 100));
    app.add_option("--seed", seed)->type_name("S");
    std::istringstream in;
    std::ostringstream out, err;
    Console console{in, out, err, false};
    EXPECT_TRUE(parse_options(app, {"--number", text, "--seed", "0012"}, console));
    EXPECT_EQ(number, value) << text;
    EXPECT_EQ(seed, 12u);
  }
}

TEST(Options, AValueOfTheEnvironmentIsBlamedOnIt) {
  const TestFolder folder;
  const std::string line = "fovea: fovea classify: --threads: Value none not in range 1 to 1024",
                    hint = "; run 'fovea classify --help' to see what there is\n";
  EXPECT_EQ(shell(folder, "FOVEA_THREADS=none $fovea classify x").err, line + ", by $FOVEA_THREADS" + hint);
  EXPECT_EQ(shell(folder, "FOVEA_THREADS=2 $fovea classify x --threads none").err, line + hint);
  EXPECT_EQ(shell(folder, "FOVEA_THREADS=2 $fovea classify x --threads=none").err, line + hint);
}

}  // namespace
}  // namespace fovea
