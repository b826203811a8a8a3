#include <gtest/gtest.h>

#include "tests/vision/annotation_data.h"

namespace fovea {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Two pictures of 64 x 48 for training, one for validation.
struct YoloFolder : DataFolder {
  explicit YoloFolder(const std::string& labels, const std::string& names = "names: [cat, dog]\n") {
    write("yolo/data.yaml", "path: .\ntrain: images/train\nval: images/val\n" + names);
    write("yolo/images/train/a.jpg", jpeg(64, 48));
    write("yolo/images/train/b.jpg", jpeg(64, 48));
    write("yolo/images/val/c.jpg", jpeg(64, 48));
    write("yolo/labels/train/a.txt", labels);
    write("yolo/labels/train/b.txt", "0 0.5 0.5 0.5 0.5\n");
    write("yolo/labels/val/c.txt", "1 0.5 0.5 0.5 0.5\n");
  }
  AnnotationSource source(const std::string& split = "") const {
    return {.path = path() / "yolo", .split = split};
  }
  AnnotatedPictures read(const std::string& split = "") const { return read_annotations(source(split)); }
};

TEST(YoloAnnotations, Values) {
  const YoloFolder folder(
      "1 0.5 0.25 0.25 0.5\r\n\n 0\t0.125 0.5 0.25 1e0\n1 0.25 0.25 0.5 0.25 0.25 0.5 0.75 0.75\n");
  for (const AnnotationSource& source :
       {folder.source(), AnnotationSource{.path = folder / "yolo/data.yaml"},
        AnnotationSource{.path = folder / "yolo", .check = PictureCheck::kNone}}) {
    const AnnotatedPictures data = read_annotations(source);
    EXPECT_EQ(codes(data), "");
    EXPECT_EQ(data.format, "yolo");
    EXPECT_EQ(data.splits, (std::vector<std::string>{"train", "val"}));
    ASSERT_EQ(data.categories.size(), 2u);
    EXPECT_EQ(data.categories[0].id, 0);
    EXPECT_EQ(data.categories[1].name, "dog");
    ASSERT_EQ(data.pictures.size(), 2u);
    const AnnotatedPicture& picture = data.pictures[0];
    EXPECT_EQ(picture.file, "images/train/a.jpg");
    EXPECT_TRUE(std::filesystem::exists(data.images / picture.file));
    EXPECT_EQ(picture.width, 64);
    EXPECT_EQ(picture.height, 48);
    ASSERT_EQ(picture.objects.size(), 3u);
    EXPECT_EQ(picture.objects[0].box, (Box{24, 0, 40, 24}));
    EXPECT_EQ(picture.objects[0].category, 1);
    EXPECT_EQ(picture.objects[0].area, 16 * 24);
    EXPECT_EQ(picture.objects[1].box, (Box{0, 0, 16, 48}));
    EXPECT_EQ(picture.objects[2].box, (Box{16, 12, 48, 36}));
    EXPECT_EQ(picture.objects[2].id, 3);
  }
  const AnnotatedPictures val = folder.read("val");
  ASSERT_EQ(val.pictures.size(), 1u);
  EXPECT_EQ(val.pictures[0].file, "images/val/c.jpg");
  EXPECT_PRED2(has, refusal(folder.source("test")), "no split 'test'; it has train, val");
}

TEST(YoloAnnotations, NamesAsAMap) {
  const AnnotatedPictures data = YoloFolder("7 0.5 0.5 0.5 0.5\n", "names:\n  7: owl\n  0: cat\n").read();
  EXPECT_EQ(codes(data), "");
  ASSERT_EQ(data.categories.size(), 2u);
  EXPECT_EQ(data.categories[1].id, 7);
  EXPECT_EQ(data.pictures[0].objects.at(0).category, 1);
  EXPECT_EQ(data.pictures[1].objects.at(0).category, 0);
  const AnnotatedPictures none = YoloFolder("7 0.5 0.5 0.5 0.5\n", "").read();
  EXPECT_EQ(codes(none), "noted no_names");
  EXPECT_EQ(none.categories.at(1).name, "7");
  EXPECT_EQ(none.pictures[0].objects.at(0).category, 1);
}

TEST(YoloAnnotations, BadLinesAreLeftOutOrClipped) {
  const AnnotatedPictures data =
      YoloFolder(
          "0 nan 0.5 0.5 0.5\n0 0.5 inf 0.5 0.5\n0 0.5 0.5 -0.5 0.5\n0 0.5 0.5 0 0.5\n0 0.9 0.5 0.4 0.5\n"
          "0 320 240 40 40\n0 0.5 0.5 0.5\n0 0.5 0.5 0.5 0.5 0.9\ncat 0.5 0.5 0.5 0.5\n0 0.5 0.5 0.5 0.5x\n"
          "2 0.5 0.5 0.5 0.5\n-1 0.5 0.5 0.5 0.5\n0.5 0.5 0.5 0.5 0.5\n1e99 0.5 0.5 0.5 0.5\n"
          "0 0.5 0.5 0.01 0.5\n0 -0.5 0.5 0.5 0.5\n0 1e999 0.5 0.5 0.5\n")
          .read();
  std::map<std::string, int> counts;
  for (const AnnotationProblem& problem : data.problems) ++counts[problem.code];
  const std::map<std::string, int> expected = {
      {"bad_box", 6}, {"bad_line", 4}, {"unknown_category", 4}, {"clipped_box", 1}, {"small_box", 1}};
  EXPECT_EQ(counts, expected);
  ASSERT_EQ(data.pictures[0].objects.size(), 3u);
  EXPECT_NEAR(data.pictures[0].objects[0].box.x0, 0.7 * 64, 1e-9);
  EXPECT_EQ(data.pictures[0].objects[0].box.x1, 64);
  EXPECT_PRED2(has, data.problems[0].message, "labels/train/a.txt: ");
}

TEST(YoloAnnotations, AScoreBehindTheBoxIsPassedOver) {
  const AnnotatedPictures data = YoloFolder("0 0.5 0.5 0.5 0.5 0.875\n1 0.25 0.25 0.5 0.5 1\n").read();
  EXPECT_EQ(codes(data), "");
  ASSERT_EQ(data.pictures[0].objects.size(), 2u);
  EXPECT_EQ(data.pictures[0].objects[0].box, (Box{16, 12, 48, 36}));
  EXPECT_EQ(data.pictures[0].objects[1].box, (Box{0, 0, 32, 24}));
}

TEST(YoloAnnotations, MessagesCountEmptyLines) {
  const AnnotatedPictures data = YoloFolder("\n0 0.5 0.5 0.5 0.5\r\n\r\n \nx\n").read();
  ASSERT_EQ(codes(data), "skipped bad_line");
  EXPECT_PRED2(has, data.problems[0].message, "labels/train/a.txt: line 5: 'x'");
}

TEST(YoloAnnotations, ClassesOfOneNameAreOne) {
  const AnnotatedPictures data =
      YoloFolder("2 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.5 0.25\n", "names: [cat, dog, cat]\n").read();
  EXPECT_EQ(codes(data), "repaired same_name");
  EXPECT_EQ(data.categories.size(), 2u);
  EXPECT_EQ(objects_of(data, "cat"), 2);
}

TEST(YoloAnnotations, PicturesOfOtherListsAreNotMissing) {
  const YoloFolder folder("1 0.5 0.5 0.5 0.5\n");
  folder.write("yolo/data.yaml", "train: train.txt\nval: val.txt\nnames: [cat, dog]\n");
  folder.write("yolo/train.txt", "./images/train/a.jpg\n");
  folder.write("yolo/val.txt", "images\\train\\b.jpg\n.\\images\\val\\c.jpg\n");
  folder.write("yolo/labels/train/gone.txt", "0 0.5 0.5 0.5 0.5\n");
  const AnnotatedPictures data = folder.read();
  ASSERT_EQ(codes(data), "skipped missing_picture");
  EXPECT_PRED2(has, data.problems[0].message, "labels/train/gone.txt: there is no picture");
  const AnnotatedPictures val = folder.read("val");
  ASSERT_EQ(val.pictures.size(), 2u);
  EXPECT_EQ(val.pictures[0].file, "images/train/b.jpg");
  EXPECT_EQ(val.pictures[1].file, "images/val/c.jpg");

  const DataFolder flat;
  flat.write("data.yaml", "train: train.txt\nval: val.txt\nnames: [cat]\n");
  for (const std::string name : {"a", "b"}) {
    flat.write(name + ".jpg", jpeg(64, 48));
    flat.write(name + ".txt", "0 0.5 0.5 0.5 0.5\n");
  }
  flat.write("train.txt", "a.jpg\n");
  flat.write("val.txt", "b.jpg\n");
  EXPECT_EQ(codes(read_annotations({.path = flat.path()})), "");
}

TEST(YoloAnnotations, AFolderOfPicturesTakesThePlaceOfTheRoot) {
  const YoloFolder folder("1 0.5 0.5 0.5 0.5\n");
  std::filesystem::create_directories(folder / "elsewhere");
  std::filesystem::rename(folder / "yolo/images", folder / "elsewhere/images");
  const auto read = [&](const std::string& split) {
    return read_annotations({.path = folder / "yolo", .images = folder / "elsewhere", .split = split});
  };
  const AnnotatedPictures train = read("train"), val = read("val");
  EXPECT_EQ(codes(train) + codes(val), "");
  ASSERT_EQ(train.pictures.size(), 2u);
  EXPECT_EQ(train.pictures[0].file, "images/train/a.jpg");
  EXPECT_EQ(objects_of(train), 2);
  ASSERT_EQ(val.pictures.size(), 1u);
  EXPECT_EQ(val.pictures[0].file, "images/val/c.jpg");
  EXPECT_EQ(objects_of(val, "dog"), 1);
  EXPECT_PRED2(has, refusal({.path = folder / "yolo", .images = folder / "elsewhere/images"}),
               "takes the place of '" + (folder / "yolo").string());
  folder.write("yolo/data.yaml", "train: train.txt\nnames: [cat, dog]\n");
  folder.write("yolo/train.txt", "images/train/b.jpg\n");
  EXPECT_EQ(read("").pictures.at(0).file, "images/train/b.jpg");
  EXPECT_EQ(objects_of(read("")), 1);

  const DataFolder bare;
  bare.write("yolo/images/x", "");
  bare.write("yolo/labels/a.txt", "0 0.5 0.5 0.5 0.5\n");
  bare.write("pictures/a.jpg", jpeg(64, 48));
  const AnnotatedPictures given = read_annotations({.path = bare / "yolo", .images = bare / "pictures"});
  EXPECT_EQ(given.pictures.at(0).file, "a.jpg");
  EXPECT_EQ(objects_of(given), 1);
}

TEST(YoloAnnotations, RoundingBeyondTheEdgeIsNoProblem) {
  const AnnotatedPictures data = YoloFolder("0 0.5 0.5 1.000001 1\n").read();
  EXPECT_EQ(codes(data), "");
  EXPECT_EQ(data.pictures[0].objects.at(0).box, (Box{0, 0, 64, 48}));
}

TEST(YoloAnnotations, PicturesAndLabelsThatLackTheOther) {
  const YoloFolder folder("");
  folder.write("yolo/labels/train/gone.txt", "0 0.5 0.5 0.5 0.5\n");
  folder.write("yolo/images/train/d.jpg", "no picture");
  folder.write("yolo/images/train/e.jpg", jpeg(64, 48));
  const AnnotatedPictures data = folder.read();
  EXPECT_EQ(codes(data), "skipped missing_picture, noted no_objects, skipped bad_picture, noted no_objects");
  EXPECT_EQ(data.pictures.size(), 3u);
}

TEST(YoloAnnotations, APictureWhoseLabelsCannotBeReadIsLeftOut) {
  const YoloFolder folder("0 0.5 0.5 0.5 0.5\n");
  folder.write("yolo/images/train/d.jpg", jpeg(64, 48));
  const size_t before = folder.read().pictures.size();
  std::filesystem::create_directory(folder.path() / "yolo/labels/train/d.txt");
  const AnnotatedPictures data = folder.read();
  EXPECT_EQ(data.pictures.size(), before - 1);
  ASSERT_EQ(data.left_out.size(), 1u);
  EXPECT_TRUE(data.left_out[0].name.ends_with("d.jpg")) << data.left_out[0].name;
  EXPECT_NE(data.left_out[0].reason.find("d.txt': is no file"), std::string::npos) << data.left_out[0].reason;
}

TEST(YoloAnnotations, AnEmptySplitIsNone) {
  const YoloFolder folder("0 0.5 0.5 0.5 0.5\n");
  folder.write("yolo/data.yaml", "train: images/train\nval: images/val\ntest: ''\nnames: [cat, dog]\n");
  EXPECT_EQ(annotation_splits(folder.path() / "yolo"), (std::vector<std::string>{"train", "val"}));
}

TEST(YoloAnnotations, UprightSizes) {
  const YoloFolder folder("0 0.25 0.5 0.5 1\n");
  folder.write("yolo/images/train/a.jpg", jpeg(64, 48, 6));
  const AnnotatedPictures data = folder.read();
  EXPECT_EQ(data.pictures[0].width, 48);
  EXPECT_EQ(data.pictures[0].objects[0].box, (Box{0, 0, 24, 64}));
}

TEST(YoloAnnotations, Layouts) {
  const YoloFolder listed("1 0.5 0.5 0.5 0.5\n");
  listed.write("yolo/data.yaml", "train: [lists/train.txt, images/val]\nnames: {0: cat, 1: dog}\n");
  listed.write("yolo/lists/train.txt",
               "./../images/train/b.jpg\nimages/train/a.jpg\nimages/train/gone.jpg\n");
  const AnnotatedPictures list = listed.read();
  EXPECT_EQ(codes(list), "skipped missing_picture");
  ASSERT_EQ(list.pictures.size(), 3u);
  EXPECT_EQ(list.pictures[0].file, "images/train/b.jpg");
  EXPECT_EQ(list.pictures[1].objects.at(0).category, 1);

  const YoloFolder bare("1 0.5 0.5 0.5 0.5\n");
  std::filesystem::remove(bare / "yolo/data.yaml");
  EXPECT_EQ(codes(bare.read()), "noted no_names");
  bare.write("yolo/classes.txt", "cat\ndog\nowl\n");
  EXPECT_EQ(codes(bare.read()), "");
  EXPECT_EQ(bare.read("val").categories.at(2).name, "owl");

  const YoloFolder exported("1 0.5 0.5 0.5 0.5 0.1 0.1 2 0.2 0.2 1\n");
  exported.write("yolo/data.yaml",
                 "path: /datasets/of/another/machine\ntrain: ../train/images\nkpt_shape: [2, 3]\n"
                 "names: ['0', '1']\n");
  std::filesystem::create_directories(exported / "yolo/train");
  std::filesystem::rename(exported / "yolo/images/train", exported / "yolo/train/images");
  std::filesystem::rename(exported / "yolo/labels/train", exported / "yolo/train/labels");
  const AnnotatedPictures data = exported.read();
  EXPECT_EQ(codes(data), "");
  EXPECT_EQ(data.pictures.at(0).file, "train/images/a.jpg");
  EXPECT_EQ(data.pictures.at(0).objects.at(0).box, (Box{16, 12, 48, 36}));
}

TEST(YoloAnnotations, HostileYamlEndsInOneLine) {
  const YoloFolder folder("");
  const auto why = [&](const std::string& text) {
    folder.write("yolo/data.yaml", text);
    return refusal({.path = folder / "yolo/data.yaml"});
  };
  EXPECT_PRED2(has, why(""), "is no YAML of keys and values");
  EXPECT_PRED2(has, why("- 1\n- 2\n"), "is no YAML of keys and values");
  EXPECT_PRED2(has, why("names: [a"), "not valid YAML at line 1");
  EXPECT_PRED2(has, why("names: [a]\n"), "names no pictures");
  EXPECT_PRED2(has, why("train: {a: b}\n"), "'train' is neither");
  EXPECT_PRED2(has, why("train: []\n"), "'train' is neither");
  EXPECT_PRED2(has, why("path: [a]\ntrain: images\n"), "'path' is not one text");
  EXPECT_PRED2(has, why("train: gone\nnames: [a]\n"), "there is no such folder or list");
  EXPECT_PRED2(has, why("train: images\nnames: 3\n"), "'names' is neither");
  EXPECT_PRED2(has, why("train: images\nnames: [[a]]\n"), "a name of 'names'");
  EXPECT_PRED2(has, why("train: images\nnames: {a: b}\n"), "a key of 'names'");
  EXPECT_PRED2(has, why("train: images\nnames: {0: a, 00: b}\n"), "two names for class 0");
  EXPECT_PRED2(has, why(std::string(200'000, '[')), "not valid YAML");
  EXPECT_PRED2(has, why("a: " + std::string(5 << 20, ' ')), "too many");
  EXPECT_PRED2(has, why(std::string(100, '\0')), "data.yaml");
  EXPECT_EQ(why("\xEF\xBB\xBFtrain: images/train\nnames: [cat]\n"), "");
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int k = 0; k < 9; ++k) bomb += ", " + below;
    bomb += "]\n";
  }
  EXPECT_PRED2(has, why(bomb + "train: images\nnames: *a11\n"), "a name of 'names'");
}

TEST(YoloAnnotations, EveryPrefixIsReadOrRefused) {
  const YoloFolder folder("");
  try_prefixes(
      {.path = folder / "yolo/data.yaml"}, folder / "yolo/data.yaml",
      "path: .\ntrain: [images/train, \"images/val\"]\nnames:\n  0: cat\n  1: 'dog'\n# end\nnc: 2\n");
  const std::string labels = "1 0.5 0.25 0.25 0.5\n0 0.25 0.25 0.5 0.25 0.25 0.5 0.75 0.75\n";
  for (size_t size = 0; size <= labels.size(); ++size) {
    folder.write("yolo/labels/train/a.txt", labels.substr(0, size));
    EXPECT_EQ(folder.read().pictures.size(), 3u) << size;
  }
}

TEST(Annotations, WhatIsNoDataSet) {
  const DataFolder folder;
  EXPECT_PRED2(has, refusal({.path = folder / "gone"}), "there is no such file or folder; check the path");
  EXPECT_PRED2(has, refusal({.path = folder.path()}), "no data set of pictures with boxes; give COCO's");
  EXPECT_PRED2(has, refusal({.path = folder.write("a.txt", "x")}), "no data set of pictures with boxes");
  EXPECT_EQ(annotation_format(folder.path()), "");
  EXPECT_EQ(annotation_format(folder.write("a.json", "")), "coco");
  EXPECT_EQ(annotation_format(folder.write("a.yml", "")), "yolo");
}

}  // namespace
}  // namespace fovea
