#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/exit_code.h"
#include "apps/verbs.h"
#include "attention/blocks/catalog.h"

namespace fovea {
namespace {

std::string blocks(const Arguments& arguments) {
  std::istringstream in;
  std::ostringstream out, err;
  Console console{in, out, err};
  EXPECT_EQ(find_verb("blocks")->run(arguments, console), kOk) << err.str();
  return out.str();
}

TEST(Blocks, TextHasALineForEachBlock) {
  const std::string text = blocks({});
  EXPECT_EQ(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')), block_catalog().size());
  std::istringstream lines(text);
  for (const BlockInfo& block : block_catalog()) {
    std::string line;
    std::getline(lines, line);
    EXPECT_TRUE(line.starts_with(std::string(block.name) + "  ")) << line;
    EXPECT_NE(line.find(block.title), std::string::npos) << line;
    EXPECT_TRUE(line.ends_with(std::string("  ") + block.paper)) << line;
  }
}

TEST(Blocks, JsonSaysTheSame) {
  const auto all = nlohmann::json::parse(blocks({"--format", "json"}));
  ASSERT_EQ(all.size(), block_catalog().size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].at("name"), block_catalog()[i].name);
    EXPECT_EQ(all[i].at("title"), block_catalog()[i].title);
    EXPECT_EQ(all[i].at("paper"), block_catalog()[i].paper);
  }
  EXPECT_EQ(blocks({"--json"}), blocks({"--format", "json"}));
}

TEST(Blocks, WrongUseIsAUsageError) {
  for (const Arguments& arguments :
       {Arguments{"--format", "csv"}, Arguments{"--json", "--format", "text"}, Arguments{"se"}}) {
    std::istringstream in;
    std::ostringstream out, err;
    Console console{in, out, err};
    try {
      find_verb("blocks")->run(arguments, console);
      ADD_FAILURE() << "accepted " << arguments[0];
    } catch (const ProgramError& error) {
      EXPECT_EQ(error.code, kUsage);
    }
  }
}

}  // namespace
}  // namespace fovea
