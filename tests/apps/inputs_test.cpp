#include "apps/inputs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "apps/exit_code.h"
#include "tests/apps/test_folder.h"

namespace fovea {
namespace {

// The sources, without the folder's own path; a failure as "name!code".
std::vector<std::string> found(const TestFolder& folder, InputArguments arguments,
                               const std::string& in = "") {
  std::istringstream standard_input(in);
  Inputs inputs(std::move(arguments), standard_input);
  std::vector<std::string> names;
  const std::string prefix = folder / "";
  while (const std::optional<Input> input = inputs.next()) {
    EXPECT_EQ(input->index, static_cast<int64_t>(names.size()));
    std::string name = input->source;
    if (name.starts_with(prefix)) name = name.substr(prefix.size());
    names.push_back(name + (input->failure ? "!" + input->failure->code : ""));
  }
  return names;
}

using Names = std::vector<std::string>;

TEST(Inputs, DirectoryGivesItsPicturesByName) {
  TestFolder folder;
  for (const char* name :
       {"b.JPG", "a.png", "c.txt", "B.webp", ".png", "d.tiff", "e.jpeg.bak", "f.Pgm", "sub/z.bmp"})
    folder.write(name, "x");
  EXPECT_EQ(found(folder, {.operands = {folder / ""}}),
            (Names{"B.webp", "a.png", "b.JPG", "d.tiff", "f.Pgm"}));
}

// Whoever opened it would wait for ever.
TEST(Inputs, APipeInADirectoryIsARecord) {
  TestFolder folder;
  folder.write("a.jpg", "x");
  ASSERT_EQ(mkfifo((folder / "p.jpg").c_str(), 0600), 0);
  EXPECT_EQ(found(folder, {.operands = {folder / ""}}), (Names{"a.jpg", "p.jpg!unreadable"}));
}

TEST(Inputs, RecursiveDescendsInPlaceAndSkipsLinksToDirectories) {
  TestFolder folder;
  for (const char* name : {"d/m.jpg", "d/a/1.jpg", "d/z/2.jpg", "d/z/y/3.jpg", "d/empty/no.txt"})
    folder.write(name, "x");
  std::filesystem::create_directory_symlink(folder / "d", folder / "d/loop");
  EXPECT_EQ(found(folder, {.operands = {folder / "d"}, .recursive = true}),
            (Names{"d/a/1.jpg", "d/m.jpg", "d/z/2.jpg", "d/z/y/3.jpg"}));
}

TEST(Inputs, OperandsKeepTheirOrder) {
  TestFolder folder;
  folder.write("b.jpg", "x");
  folder.write("d/1.jpg", "x");
  EXPECT_EQ(found(folder, {.operands = {folder / "missing.jpg", "-", folder / "d", folder / "b.jpg"}}),
            (Names{"missing.jpg", "-", "d/1.jpg", "b.jpg"}));
}

TEST(Inputs, WhatHoldsNothingIsARecord) {
  TestFolder folder;
  folder.write("d/sub/note.txt", "x");
  EXPECT_EQ(found(folder, {.operands = {folder / "d"}}), Names{"d!empty"});
  EXPECT_EQ(found(folder, {.operands = {folder / "d"}, .recursive = true}), Names{"d!empty"});
  EXPECT_EQ(found(folder, {.operands = {folder / "*.jpg"}}), Names{"*.jpg!not_found"});
  EXPECT_EQ(found(folder, {.operands = {""}}), Names{"!not_found"});
}

TEST(Inputs, UnreadableDirectoryIsARecord) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read every directory";
  TestFolder folder;
  folder.write("d/1.jpg", "x");
  std::filesystem::permissions(folder / "d", std::filesystem::perms::none);
  EXPECT_EQ(found(folder, {.operands = {folder / "d"}}), Names{"d!unreadable"});
  std::filesystem::permissions(folder / "d", std::filesystem::perms::owner_all);
}

TEST(Inputs, PatternsAreExpandedUnlessSuchAFileExists) {
  TestFolder folder;
  for (const char* name : {"2.jpg", "1.jpg", "1.png", "sub.jpg/3.png", "[a].jpg"}) folder.write(name, "x");
  EXPECT_EQ(found(folder, {.operands = {folder / "?.jpg"}}), (Names{"1.jpg", "2.jpg"}));
  EXPECT_EQ(found(folder, {.operands = {folder / "s*.jpg"}}), Names{"sub.jpg/3.png"});
  EXPECT_EQ(found(folder, {.operands = {folder / "[a].jpg"}}), Names{"[a].jpg"});
}

TEST(Inputs, NamesFromAFileAreTakenAsTheyAre) {
  TestFolder folder;
  folder.write("d/1.jpg", "x");
  const std::string list = folder.write("list", (folder / "*.jpg") + "\n\n" + (folder / "d") + "\n-\nlast");
  EXPECT_EQ(found(folder, {.files_from = list}), (Names{"*.jpg", "d/1.jpg", "./-", "last"}));
  EXPECT_EQ(found(folder, {.operands = {"first"}, .files_from = "-", .nul_separated = true},
                  std::string("a\nb\0c", 5)),
            (Names{"first", "a\nb", "c"}));
  EXPECT_TRUE(found(folder, {.files_from = "-"}).empty());
}

TEST(Inputs, MissingListIsAUsageError) {
  TestFolder folder;
  try {
    found(folder, {.files_from = folder / "none"});
    FAIL() << "no error";
  } catch (const ProgramError& error) {
    EXPECT_EQ(error.code, kUsage);
    EXPECT_NE(std::string(error.what()).find("none: cannot be read;"), std::string::npos) << error.what();
  }
}

TEST(Inputs, Single) {
  TestFolder folder;
  const std::string file = folder.write("a[1].jpg", "x");
  EXPECT_TRUE((InputArguments{.operands = {file}}.single()));
  EXPECT_TRUE((InputArguments{.operands = {folder / "missing.jpg"}}.single()));
  EXPECT_FALSE((InputArguments{.operands = {folder / ""}}.single()));
  EXPECT_FALSE((InputArguments{.operands = {folder / "*.jpg"}}.single()));
  EXPECT_FALSE((InputArguments{.operands = {file, file}}.single()));
  EXPECT_FALSE((InputArguments{.operands = {}, .files_from = "-"}.single()));
}

}  // namespace
}  // namespace fovea
