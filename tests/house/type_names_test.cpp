#include <gtest/gtest.h>

#include <map>
#include <regex>

#include "tests/house/sources.h"

namespace fovea {
namespace {

// Two types of one name in one program are one to the linker, even if no source includes both headers.
TEST(TypeNames, AreOfOneHeaderEach) {
  const std::regex definition(R"(^(?:enum class|enum|struct|class) (\w+)\b[^;]*$)");
  std::map<std::string, std::string> header_of;
  for (const SourceFile& file : source_files({"attention", "vision", "models", "apps"})) {
    if (!file.is_header() || file.is_inline_part()) continue;
    for (const std::string& line : file.lines) {
      std::smatch found;
      if (!std::regex_search(line, found, definition)) continue;
      const auto [known, added] = header_of.emplace(found[1], file.path);
      EXPECT_TRUE(added) << found[1] << " is defined in " << known->second << " and in " << file.path;
    }
  }
  EXPECT_GT(header_of.size(), 100u);
}

}  // namespace
}  // namespace fovea
