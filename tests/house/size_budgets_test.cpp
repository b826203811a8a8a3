#include <gtest/gtest.h>

#include <map>

#include "tests/house/sources.h"

namespace fovea {
namespace {

constexpr size_t kHeader = 120, kSource = 300, kTest = 500, kFunction = 50;

// File -> why it, or a function in it, may be longer. Better split it.
using Exceptions = std::map<std::string, std::string>;
const Exceptions kLongFiles = {};
const Exceptions kLongFunctions = {
    {"attention/kernels/tile-inl.h", "TileOf's accumulators stay in registers only if it is one function"}};

size_t budget(const SourceFile& file) {
  if (file.path.starts_with("tests/")) return kTest;
  return file.is_header() && !file.is_inline_part() ? kHeader : kSource;
}

// In our format a function outside a class starts in column 0 and ends with a '}' there.
bool starts_function(const std::string& line) {
  if (line.empty() || std::string(" }#/").find(line[0]) != std::string::npos) return false;
  for (const char* other : {"namespace", "struct", "class", "enum", "template", "using"})
    if (line.starts_with(other)) return false;
  return line.find('(') != std::string::npos;
}

// First lines (counted from 1) and lengths of the functions that are longer than allowed.
std::map<size_t, size_t> long_functions(const std::vector<std::string>& lines) {
  std::map<size_t, size_t> found;
  size_t begin = lines.size();
  for (size_t i = 0; i < lines.size(); ++i) {
    if (starts_function(lines[i])) begin = i;
    if (!lines[i].starts_with("}")) continue;
    if (begin < i && i - begin + 1 > kFunction) found[begin + 1] = i - begin + 1;
    begin = lines.size();
  }
  return found;
}

TEST(SizeBudgets, Files) {
  for (const SourceFile& file : source_files({"attention", "vision", "models", "apps", "tests"})) {
    const bool too_long = file.lines.size() > budget(file);
    EXPECT_EQ(too_long, kLongFiles.contains(file.path))
        << file.path << ":" << budget(file) << ": the file has " << file.lines.size() << " lines of at most "
        << budget(file) << (too_long ? "; split it" : "; take it out of kLongFiles");
  }
}

TEST(SizeBudgets, Functions) {
  for (const SourceFile& file : source_files({"attention", "vision", "models", "apps"})) {
    const auto found = long_functions(file.lines);
    if (kLongFunctions.contains(file.path)) {
      EXPECT_FALSE(found.empty()) << file.path << ": take it out of kLongFunctions";
      continue;
    }
    for (const auto& [line, length] : found)
      ADD_FAILURE() << file.path << ":" << line << ": the function has " << length << " lines of at most "
                    << kFunction << "; split it";
  }
}

TEST(SizeBudgets, SeesALongFunction) {
  std::vector<std::string> lines = {"namespace fovea {", "int f(int x) {"};
  lines.insert(lines.end(), kFunction - 2, "  ++x;");
  lines.push_back("}");
  EXPECT_TRUE(long_functions(lines).empty());
  lines.insert(lines.begin() + 2, "  ++x;");
  EXPECT_EQ(long_functions(lines), (std::map<size_t, size_t>{{2, kFunction + 1}}));
  EXPECT_EQ(budget({"vision/a.h", "vision", {}}), kHeader);
  EXPECT_EQ(budget({"vision/a.cpp", "vision", {}}), kSource);
  EXPECT_EQ(budget({"tests/vision/a_test.cpp", "tests/vision", {}}), kTest);
}

}  // namespace
}  // namespace fovea
