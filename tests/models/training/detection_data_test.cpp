#include "models/training/detection_data.h"

#include <set>

#include "tests/support/painted_boxes.h"
#include "tests/vision/annotation_data.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

using Names = std::set<std::string>;

Names stems(const AnnotatedPictures& set) {
  Names names;
  for (const AnnotatedPicture& picture : set.pictures) names.insert(fs::path(picture.file).stem().string());
  return names;
}

std::string refused(const DetectionDataSource& source) {
  try {
    open_detection_data(source);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

using Lists = std::map<std::string, std::string>;  // {"trainval", "a\nb\n"}

// A VOC data set of the pictures a ... h, with these lists.
struct VocLists : DataFolder {
  explicit VocLists(const Lists& lists) {
    for (const char* stem : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
      write(std::string("Annotations/") + stem + ".xml",
            "<annotation><size><width>64</width><height>48</height><depth>3</depth></size>\n"
            "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
            "</bndbox></object></annotation>\n");
      write(std::string("JPEGImages/") + stem + ".jpg", jpeg(64, 48));
    }
    for (const auto& [name, stems] : lists) write("ImageSets/Main/" + name + ".txt", stems);
  }
  DetectionData open(const std::string& split = "", const std::string& held_out = "") const {
    return open_detection_data({.path = path(), .split = split, .held_out = held_out});
  }
};

// A YOLO data set whose data.yaml is this; train/ has 4 pictures, val/ 2 and test/ 1.
struct YoloFolders : DataFolder {
  explicit YoloFolders(const std::string& description) {
    for (const auto& [split, count] : {std::pair("train", 4), std::pair("val", 2), std::pair("test", 1)})
      for (int i = 0; i < count; ++i) {
        const std::string stem = split + std::to_string(i);
        write(std::string("images/") + split + "/" + stem + ".jpg", jpeg(64, 48));
        write(std::string("labels/") + split + "/" + stem + ".txt", "0 0.5 0.5 0.2 0.2\n");
      }
    write("data.yaml", description + "names: [cat]\n");
  }
};

TEST(DetectionData, WhatIsHeldOutIsNoPartOfTrainval) {
  const VocLists older({{"trainval", "a\nb\nc\nd\n"}, {"test", "e\nf\n"}});
  const DetectionData whole = older.open();
  EXPECT_EQ(whole.train_split, "trainval");
  EXPECT_EQ(whole.held_out_split, "test");
  EXPECT_EQ(stems(whole.train), (Names{"a", "b", "c", "d"}));
  EXPECT_EQ(stems(whole.held_out), (Names{"e", "f"}));

  const VocLists all({{"train", "a\nb\n"}, {"val", "c\nd\n"}, {"trainval", "a\nb\nc\nd\n"}, {"test", "e\n"}});
  EXPECT_EQ(all.open().train_split, "train");
  EXPECT_EQ(all.open().held_out_split, "val");
  EXPECT_EQ(all.open("trainval").held_out_split, "test");
  EXPECT_EQ(stems(all.open("trainval").held_out), Names{"e"});
  EXPECT_EQ(all.open("val").held_out_split, "test");
  const std::string inside = refused({.path = all.path(), .split = "trainval", .held_out = "val"});
  EXPECT_NE(inside.find(", split val: 2 of 2 held-out pictures are trained on as well, c.jpg and others; "),
            std::string::npos)
      << inside;

  const VocLists no_test({{"train", "a\nb\n"}, {"val", "c\nd\n"}, {"trainval", "a\nb\nc\nd\n"}});
  const DetectionData share = no_test.open("trainval");
  EXPECT_EQ(share.held_out_split, "");
  EXPECT_EQ(share.held_out.pictures.size(), 1u);
  EXPECT_EQ(share.train.pictures.size(), 3u);
}

TEST(DetectionData, WithoutATrainingSplitTheRestIsTrainedOn) {
  const YoloFolders two("val: images/val\ntest: images/test\n");
  const DetectionData val = open_detection_data({.path = two.path() / "data.yaml"});
  EXPECT_EQ(val.held_out_split, "val");
  EXPECT_EQ(stems(val.train), Names{"test0"});
  EXPECT_EQ(stems(val.held_out), (Names{"val0", "val1"}));
  const DetectionData test = open_detection_data({.path = two.path() / "data.yaml", .held_out = "test"});
  EXPECT_EQ(stems(test.train), (Names{"val0", "val1"}));

  const YoloFolders one("val: images/val\n");
  const DetectionData share = open_detection_data({.path = one.path() / "data.yaml"});
  EXPECT_EQ(share.held_out_split, "");
  EXPECT_EQ(share.train.pictures.size(), 1u);
  EXPECT_EQ(share.held_out.pictures.size(), 1u);
  EXPECT_NE(refused({.path = one.path() / "data.yaml", .held_out = "val"})
                .find("split val is all there is to train on; hold out a share"),
            std::string::npos);

  const VocLists lists(Lists{{"test", "g\nh\n"}});
  EXPECT_EQ(stems(lists.open().train), (Names{"a", "b", "c", "d", "e", "f"}));
}

TEST(DetectionData, APictureIsNotHeldOutAndTrainedOn) {
  const YoloFolders same("train: images/train\nval: images/train\n");
  EXPECT_NE(refused({.path = same.path() / "data.yaml"})
                .find("data.yaml, split val: 4 of 4 held-out pictures are trained on as well"),
            std::string::npos);
  EXPECT_EQ(open_detection_data({.path = same.path() / "data.yaml", .share = 0.25}).held_out.pictures.size(),
            1u);
  const YoloFolders linked("train: images/train\nval: images/link\n");
  fs::create_directory_symlink("train", linked / "images/link");
  fs::create_directory_symlink("train", linked / "labels/link");
  EXPECT_NE(refused({.path = linked.path() / "data.yaml"}).find("4 of 4 held-out pictures"),
            std::string::npos);

  const TempFolder coco;
  write_painted_boxes(coco.path(), "train", 6, 1);
  write_painted_boxes(coco.path(), "val", 2, 2);
  const fs::path file = coco.path() / "instances_train.json";
  const std::string itself = refused({.path = file, .held_out = file.string()});
  EXPECT_NE(itself.find("instances_train.json: 6 of 6 held-out pictures are trained on as well, 1.ppm"),
            std::string::npos)
      << itself;
}

TEST(DetectionData, HeldOutImagesNeedAFileOfTheirs) {
  const TempFolder coco;
  write_painted_boxes(coco.path(), "train", 6, 1);
  const fs::path file = coco.path() / "instances_train.json";
  EXPECT_NE(refused({.path = file, .held_out_images = coco.path()}).find("--held-out-images "),
            std::string::npos);
  const VocLists lists({{"train", "a\nb\n"}, {"val", "c\n"}});
  EXPECT_NE(refused({.path = lists.path(), .held_out = "val", .held_out_images = lists.path()})
                .find(": --held-out names no annotation file of such pictures"),
            std::string::npos);
}

TEST(DetectionData, WhatIsWrongIsToldOnce) {
  const TempFolder coco;
  write_painted_boxes(coco.path(), "train", 6, 1);
  fs::remove(coco.path() / "train/3.ppm");
  const DetectionData data = open_detection_data({.path = coco.path() / "instances_train.json"});
  EXPECT_EQ(data.train.pictures.size() + data.held_out.pictures.size(), 5u);
  ASSERT_EQ(data.train.problems.size(), 1u);
  EXPECT_EQ(data.train.problems[0].code, "missing_picture");
  EXPECT_TRUE(data.held_out.problems.empty());
}

// Whether or not the reader makes them one.
TEST(DetectionData, CategoriesOfOneNameAreOneClass) {
  const YoloFolders folder("train: images/train\nval: images/val\nnc: 3\n");
  folder.write("data.yaml", "train: images/train\nval: images/val\nnames: [cat, dog, cat]\n");
  folder.write("labels/train/train1.txt", "2 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n");
  const DetectionData data = open_detection_data({.path = folder.path() / "data.yaml"});
  EXPECT_EQ(data.labels(), (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(data.object_counts(), (std::map<std::string, int64_t>{{"cat", 4}, {"dog", 1}}));
}

}  // namespace
}  // namespace fovea
