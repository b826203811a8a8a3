#include "vision/image_folder.h"

#include <set>

#include "tests/support/temp_folder.h"
#include "tests/vision/picture_data.h"
#include "vision/decode.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

Names names_of(const ImageFolder& data) {
  Names names;
  for (int64_t i = 0; i < data.size(); ++i)
    names.push_back(std::to_string(data.picture(i).label) + " " + data.picture(i).name);
  return names;
}

// The same data in a folder and in an archive.
struct Both {
  explicit Both(const DataFiles& files) {
    write_folder(folder.path() / "data", files);
    write_tar(folder.path() / "data.tar", files);
  }
  std::vector<fs::path> paths() const { return {folder.path() / "data", folder.path() / "data.tar"}; }
  TempFolder folder;
};

std::string why_not(const fs::path& path, const std::string& split = "") {
  const std::string why = complaint([&] { ImageFolder::open(path, split); });
  EXPECT_TRUE(why.empty() || why.find(path.string()) != std::string::npos) << why;
  return why;
}

TEST(ImageFolder, TakesClassesAndPicturesInTorchvisionsOrder) {
  const Both both({{"b/z.png", png(1)},
                   {"b/a/1.png", png(2)},
                   {"b/a-b/1.png", png(3)},
                   {"b/a/c/1.png", png(4)},
                   {"b/10.png", png(5)},
                   {"b/9.PNG", png(6)},
                   {"Z/1.png", png(7)},
                   {"a/1.png", png(8)},
                   {"a/.hidden.png", png(9)},
                   {"a/readme.txt", png(9)},
                   {".cache/1.png", png(9)},
                   {"beside.png", png(9)}});
  for (const fs::path& path : both.paths()) {
    const ImageFolder data = ImageFolder::open(path);
    EXPECT_EQ(data.classes(), (Names{"Z", "a", "b"}));
    EXPECT_EQ(names_of(data), (Names{"0 Z/1.png", "1 a/1.png", "2 b/10.png", "2 b/9.PNG", "2 b/z.png",
                                     "2 b/a/1.png", "2 b/a-b/1.png", "2 b/a/c/1.png"}));
    EXPECT_EQ(data.bytes(0), png(7));
    EXPECT_EQ(data.bytes(7), png(4));
    EXPECT_TRUE(data.splits().empty());
    EXPECT_EQ(data.others(), (Names{"a/readme.txt"}));
  }
  EXPECT_EQ(ImageFolder::open(both.paths()[0]).location(7), (both.paths()[0] / "b/a/c/1.png").string());
  EXPECT_EQ(ImageFolder::open(both.paths()[1]).location(7), both.paths()[1].string() + ":b/a/c/1.png");
}

TEST(ImageFolder, LooksThroughASingleTopFolderAndFindsSplits) {
  const Both both({{"top/train/cat/1.png", png(1)},
                   {"top/train/dog/1.png", png(2)},
                   {"top/train/dog/2.png", png(3)},
                   {"top/test/dog/1.png", png(4)},
                   {"top/validation/cat/1.png", png(5)},
                   {"top/docs/cat/1.png", png(6)}});
  for (const fs::path& path : both.paths()) {
    EXPECT_EQ(names_of(ImageFolder::open(path)), (Names{"0 cat/1.png", "1 dog/1.png", "1 dog/2.png"}));
    const ImageFolder test = ImageFolder::open(path, "test");
    EXPECT_EQ(test.splits(), (Names{"train", "test", "validation"}));
    EXPECT_EQ(names_of(test), (Names{"0 dog/1.png"}));
    EXPECT_EQ(test.bytes(0), png(4));
    EXPECT_NE(why_not(path, "val").find("no split 'val'; it has train, test, validation"), std::string::npos);
  }
}

TEST(ImageFolder, KnowsSplitsByOtherSpellings) {
  const Both both({{"Training/cat/1.png", png(1)}, {"Test/cat/1.png", png(2)}, {"Test/cat/2.png", png(3)}});
  for (const fs::path& path : both.paths()) {
    const ImageFolder test = ImageFolder::open(path, "Test");
    EXPECT_EQ(test.splits(), (Names{"train", "test"}));
    EXPECT_EQ(test.split(), "test");
    EXPECT_EQ(names_of(test), (Names{"0 cat/1.png", "0 cat/2.png"}));
    EXPECT_EQ(test.bytes(1), png(3));
    EXPECT_EQ(names_of(ImageFolder::open(path)), (Names{"0 cat/1.png"}));
  }
}

TEST(ImageFolder, DoesNotTakeClassesForSplitsOrTheOnlyClassForATopFolder) {
  const Both vehicles({{"car/1.png", png(1)}, {"train/1.png", png(2)}});
  for (const fs::path& path : vehicles.paths()) {
    EXPECT_EQ(ImageFolder::open(path).classes(), (Names{"car", "train"}));
    EXPECT_NE(why_not(path, "train").find("no split 'train'"), std::string::npos);
  }
  const Both one({{"cat/1.png", png(1)}, {"cat/young/2.png", png(2)}});
  for (const fs::path& path : one.paths())
    EXPECT_EQ(names_of(ImageFolder::open(path)), (Names{"0 cat/1.png", "0 cat/young/2.png"}));
}

TEST(ImageFolder, SaysWhatIsWrong) {
  const Both empty_class({{"cat/1.png", png(1)}, {"dog/"}, {"eel/notes.txt", png(1)}});
  EXPECT_NE(why_not(empty_class.paths()[0]).find("class 'dog' has no pictures; add some"), std::string::npos);
  EXPECT_NE(why_not(empty_class.paths()[1]).find("class 'dog' has no pictures; add some"), std::string::npos);
  const Both animated({{"cat/1.png", png(1)}, {"dog/1.gif", png(1)}});
  for (const fs::path& path : animated.paths())
    EXPECT_NE(why_not(path).find("class 'dog' has no pictures, but 'dog/1.gif', which is not read; "),
              std::string::npos);
  const Both flat({{"1.png", png(1)}, {"2.png", png(2)}});
  for (const fs::path& path : flat.paths()) EXPECT_NE(why_not(path).find("no classes;"), std::string::npos);
  const Both no_classes({{"train/1.png", png(1)}, {"test/1.png", png(1)}});
  for (const fs::path& path : no_classes.paths())
    EXPECT_NE(why_not(path).find("no classes in 'train/'"), std::string::npos);
  const TempFolder nothing;
  EXPECT_NE(why_not(nothing.path()).find("no classes"), std::string::npos);
  EXPECT_NE(why_not(nothing.path() / "absent").find("no such file or folder"), std::string::npos);
  const Both newline({{"a\nb/"}, {"cat/1.png", png(1)}});
  EXPECT_NE(why_not(newline.paths()[0]).find("'a?b'"), std::string::npos);
}

TEST(ImageFolder, FollowsLinksButNotInCircles) {
  const Both both({{"cat/1.png", png(1)}});
  const fs::path root = both.paths()[0];
  write_bytes(both.folder.path() / "elsewhere/2.png", png(2));
  fs::create_directory_symlink(both.folder.path() / "elsewhere", root / "dog");
  fs::create_directory_symlink(root, root / "cat/loop");
  fs::create_symlink("nowhere.png", root / "cat/dangling.png");
  const ImageFolder data = ImageFolder::open(root);
  EXPECT_EQ(names_of(data), (Names{"0 cat/1.png", "1 dog/2.png"}));
  EXPECT_EQ(data.others(), (Names{"cat/dangling.png"}));
  fs::remove(both.folder.path() / "elsewhere/2.png");
  EXPECT_THROW(data.bytes(1), ImageError);
}

TEST(ImageFolder, TakesAModelsLabelsByName) {
  const Both both({{"cat/1.png", png(1)}, {"dog/1.png", png(2)}});
  const ImageFolder data = ImageFolder::open(both.paths()[0]);
  const ImageFolder of_model = data.with_classes(Names{"eel", "dog", "cat"});
  EXPECT_EQ(names_of(of_model), (Names{"2 cat/1.png", "1 dog/1.png"}));
  EXPECT_EQ(of_model.classes(), (Names{"eel", "dog", "cat"}));
  EXPECT_EQ(names_of(data), (Names{"0 cat/1.png", "1 dog/1.png"}));
  EXPECT_NE(complaint([&] {
              data.with_classes(Names{"cat", "eel"});
            }).find("class 'dog' is not among the 2"),
            std::string::npos);
  EXPECT_THROW(data.with_classes(Names{"cat", "dog", "dog"}), Error);
}

fs::path shared_data(const char* name) {
  return fs::path(FOVEA_SOURCE_DIR) / "../shared/datasets" / name;
}

TEST(ImageFolder, Cifar10) {
  const fs::path path = shared_data("cifar10.tar");
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  const std::pair<const char*, int64_t> wanted[] = {{"train", 5000}, {"test", 1000}};
  for (const auto& [split, each] : wanted) {
    const ImageFolder data = ImageFolder::open(path, split);
    EXPECT_EQ(data.splits(), (Names{"train", "test"}));
    EXPECT_EQ(data.classes(), (Names{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse",
                                     "ship", "truck"}));
    std::vector<int64_t> counts(10);
    for (int64_t i = 0; i < data.size(); ++i) ++counts[static_cast<size_t>(data.picture(i).label)];
    EXPECT_EQ(counts, std::vector<int64_t>(10, each)) << split;
    for (int64_t i = 0; i < data.size(); i += 997)
      EXPECT_EQ(decode_image(data.bytes(i)).rgb.size(), cv::Size(32, 32)) << data.location(i);
  }
}

TEST(ImageFolder, SignLanguageDigits) {
  const fs::path path = shared_data("sign_language_digits/images.tar");
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  const ImageFolder data = ImageFolder::open(path);
  EXPECT_EQ(data.classes(), (Names{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  EXPECT_EQ(data.size(), 2062);
  EXPECT_FALSE(decode_image(data.bytes(data.size() - 1)).rgb.empty());
}

}  // namespace
}  // namespace fovea
