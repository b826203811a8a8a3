// The folders that exports come as.
#include "tests/vision/annotation_data.h"

namespace fovea {
namespace {

using Names = std::vector<std::string>;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// One picture of 64 x 48 with one box of category 2.
std::string coco(const std::string& picture, const std::string& categories) {
  return R"({"info": {}, "images": [{"id": 1, "file_name": ")" + picture +
         R"(", "width": 64, "height": 48}], "annotations": [{"id": 1, "image_id": 1, "category_id": 2, )" +
         R"("bbox": [4, 6, 10, 20]}], "categories": [)" + categories + "]}";
}

const std::string kCells = R"({"id": 0, "name": "cells", "supercategory": "none"},
  {"id": 1, "name": "red", "supercategory": "cells"}, {"id": 2, "name": "white", "supercategory": "cells"})";

std::string voc(const std::string& name, const std::string& file = "x.jpg") {
  return "<annotation><filename>" + file + "</filename><size><width>64</width><height>48</height></size>" +
         "<object><name>" + name + "</name><bndbox><xmin>5</xmin><ymin>7</ymin><xmax>14</xmax>" +
         "<ymax>26</ymax></bndbox></object></annotation>";
}

// train/, valid/ and test/, each with one picture and its annotations among them.
struct Exported : DataFolder {
  explicit Exported(const std::string& categories = kCells) {
    for (const std::string split : {"train", "valid", "test"}) {
      write("set/" + split + "/" + split + ".jpg", jpeg(64, 48));
      write("set/" + split + "/_annotations.coco.json", coco(split + ".jpg", categories));
    }
    write("set/README.txt", "exported");
  }
  AnnotatedPictures read(const std::string& split = "") const {
    return read_annotations({.path = path() / "set", .split = split});
  }
};

TEST(AnnotationFolders, CocoAmongThePictures) {
  const Exported folder;
  folder.write("set/train/notes.json", "{}");
  EXPECT_EQ(annotation_format(folder / "set"), "coco");
  EXPECT_EQ(annotation_splits(folder / "set"), (Names{"train", "valid", "test"}));
  for (const char* split : {"", "train", "valid", "test"}) {
    const std::string name = *split ? split : "train";
    const AnnotatedPictures data = folder.read(split);
    EXPECT_EQ(codes(data), "noted parent_category");
    EXPECT_EQ(data.splits, (Names{"train", "valid", "test"}));
    EXPECT_TRUE(std::filesystem::equivalent(data.images, folder / ("set/" + name)));
    ASSERT_EQ(data.pictures.size(), 1u);
    EXPECT_EQ(data.pictures[0].file, name + ".jpg");
    EXPECT_EQ(data.pictures[0].objects.at(0).box, (Box{4, 6, 14, 26}));
    EXPECT_EQ(data.pictures[0].objects.at(0).category, 1);
  }
  EXPECT_PRED2(has, refusal({.path = folder / "set", .split = "val"}),
               "no split 'val'; it has train, valid, test");
  std::filesystem::remove_all(folder / "set/train");
  EXPECT_EQ(annotation_splits(folder / "set"), (Names{"valid", "test"}));
  EXPECT_PRED2(has, refusal({.path = folder / "set"}), "has no split train; name one of valid, test");
  EXPECT_EQ(folder.read("valid").pictures.size(), 1u);
}

TEST(AnnotationFolders, CocoOfOneSet) {
  const DataFolder folder;
  folder.write("set/_annotations.coco.json", coco("a.jpg", kCells));
  folder.write("set/a.jpg", jpeg(64, 48));
  folder.write("cvat/annotations/instances_default.json", coco("a.jpg", kCells));
  folder.write("cvat/images/a.jpg", jpeg(64, 48));
  for (const char* name : {"set", "cvat"}) {
    EXPECT_EQ(annotation_splits(folder / name), Names());
    EXPECT_EQ(read_annotations({.path = folder / name}).pictures.size(), 1u) << name;
  }
}

TEST(AnnotationFolders, OnlyAnEmptyCategoryAboveAllOthersIsNoClass) {
  const auto classes = [](const std::string& categories) {
    Names names;
    for (const Category& category : Exported(categories).read().categories) names.push_back(category.name);
    return names;
  };
  const std::string red = R"({"id": 1, "name": "red", "supercategory": "cells"},)",
                    white = R"({"id": 2, "name": "white", "supercategory": "cells"})",
                    cells = R"({"id": 0, "name": "cells", "supercategory": "none"},)";
  EXPECT_EQ(classes(cells + red + white), (Names{"red", "white"}));
  EXPECT_EQ(classes(R"({"id": 0, "name": "cells", "supercategory": "things"},)" + red + white),
            (Names{"cells", "red", "white"}));
  EXPECT_EQ(classes(cells + R"({"id": 1, "name": "dog", "supercategory": "pets"},)" + white),
            (Names{"cells", "dog", "white"}));
  EXPECT_EQ(classes(R"({"id": 3, "name": "cells", "supercategory": "none"},)" + red + white),
            (Names{"red", "white", "cells"}));
  EXPECT_EQ(classes(R"({"id": 2, "name": "cells", "supercategory": "none"})"), (Names{"cells"}));
  const Exported folder;
  std::string text = coco("train.jpg", kCells);
  text.replace(text.find("\"category_id\": 2"), 16, "\"category_id\": 0");
  folder.write("set/train/_annotations.coco.json", text);
  EXPECT_EQ(codes(folder.read()), "noted id_zero");
  EXPECT_EQ(objects_of(folder.read(), "cells"), 1);
}

TEST(AnnotationFolders, CocosOwnFolder) {
  struct Layout {
    const char *train, *val, *pictures;
  };
  for (const Layout& layout : {Layout{"instances_train2017.json", "instances_val2017.json", "%2017/"},
                               Layout{"instances_train2017.json", "instances_val2017.json", "images/%2017/"},
                               Layout{"instances_train2017.json", "instances_val2017.json", "images/%/"},
                               Layout{"instances_train.json", "instances_val.json", "images/%/"},
                               Layout{"train.json", "val.json", "%/"}}) {
    const DataFolder folder;
    const auto pictures = [&](const std::string& split) {
      std::string name = layout.pictures;
      return "set/" + name.replace(name.find('%'), 1, split);
    };
    folder.write(std::string("set/annotations/") + layout.train, coco("a.jpg", kCells));
    folder.write(std::string("set/annotations/") + layout.val, coco("b.jpg", kCells));
    folder.write("set/annotations/captions_val2017.json", "{}");
    folder.write(pictures("train") + "a.jpg", jpeg(64, 48));
    folder.write(pictures("val") + "b.jpg", jpeg(64, 48));
    EXPECT_EQ(annotation_splits(folder / "set"), (Names{"train", "val"})) << layout.pictures;
    const AnnotatedPictures train = read_annotations({.path = folder / "set"}),
                            val = read_annotations({.path = folder / "set", .split = "val"});
    EXPECT_EQ(train.pictures.at(0).file, "a.jpg");
    EXPECT_EQ(val.pictures.at(0).file, "b.jpg");
    EXPECT_TRUE(std::filesystem::equivalent(val.images, folder / pictures("val"))) << layout.pictures;
    std::filesystem::rename(folder / "set/annotations", folder / "annotations");
    std::filesystem::create_directories(folder / "alone");
    std::filesystem::rename(folder / "annotations", folder / "alone/annotations");
    std::string above = layout.pictures;
    above.resize(above.find('%'));
    const AnnotatedPictures given =
        read_annotations({.path = folder / "alone", .images = folder / "set" / above, .split = "val"});
    EXPECT_EQ(given.pictures.at(0).file, "b.jpg");
  }
  const DataFolder years;
  for (const char* name : {"train2014", "train2017", "val2017"})
    years.write(std::string("set/annotations/instances_") + name + ".json", coco("a.jpg", kCells));
  EXPECT_EQ(annotation_splits(years / "set"), (Names{"val", "train2014", "train2017"}));
}

TEST(AnnotationFolders, VocAmongThePictures) {
  for (const auto& [annotations, pictures] :
       {std::pair{"", ""}, std::pair{"", "images/"}, std::pair{"Annotations/", "JPEGImages/"}}) {
    const DataFolder folder;
    for (const std::string split : {"train", "valid", "test"}) {
      folder.write("set/" + split + "/" + annotations + "a.xml", voc("of " + split));
      folder.write("set/" + split + "/" + pictures + "a.jpg", jpeg(64, 48));
    }
    EXPECT_EQ(annotation_format(folder / "set"), "voc");
    EXPECT_EQ(annotation_splits(folder / "set"), (Names{"train", "valid", "test"}));
    for (const std::string split : {"train", "valid", "test"}) {
      const AnnotatedPictures data = read_annotations({.path = folder / "set", .split = split});
      EXPECT_EQ(codes(data), "");
      EXPECT_EQ(data.categories.size(), 3u);
      ASSERT_EQ(data.pictures.size(), 1u);
      EXPECT_EQ(data.pictures[0].file, split + "/" + pictures + "a.jpg");
      EXPECT_EQ(data.pictures[0].objects.at(0).box, (Box{4, 6, 14, 26}));
      EXPECT_EQ(objects_of(data, "of " + split), 1);
    }
    folder.write("set/test/" + std::string(annotations) + "b.xml", voc("of test", "other.png"));
    EXPECT_EQ(read_annotations({.path = folder / "set"}).pictures.size(), 1u);
    const AnnotatedPictures test = read_annotations({.path = folder / "set", .split = "test"});
    ASSERT_EQ(codes(test), "skipped missing_picture");
    EXPECT_PRED2(has, test.problems[0].message, "test/" + std::string(annotations) + "b.xml: ");
    std::filesystem::remove_all(folder / "set/train");
    EXPECT_EQ(read_annotations({.path = folder / "set"}).pictures.size(), 2u);
  }
}

TEST(AnnotationFolders, OtherJsonAndXmlAmongPicturesIsNoDataSet) {
  const DataFolder folder;
  folder.write("train/cat/a.jpg", jpeg(64, 48));
  folder.write("train/classes.json", R"(["cat", "dog"])");
  EXPECT_EQ(annotation_format(folder.path()), "");
  folder.write("train/classes.json", R"({"cat": 0})");
  EXPECT_EQ(annotation_format(folder.path()), "");
  folder.write("train/classes.json", coco("cat/a.jpg", kCells));
  EXPECT_EQ(annotation_format(folder.path()), "coco");
  folder.write("train/other.json", coco("cat/a.jpg", kCells));
  EXPECT_EQ(annotation_format(folder.path()), "");
  folder.write("Annotations/a.xml", voc("cat"));
  folder.write("annotations/instances_train.json", coco("cat/a.jpg", kCells));
  EXPECT_EQ(annotation_format(folder.path()), "voc");
}

TEST(AnnotationFolders, SplitsAreListedWithoutReadingThem) {
  const DataFolder folder;
  folder.write("yolo/data.yaml", "train: gone\nval: images/val\nnames: [cat]\n");
  folder.write("voc/Annotations/a.xml", "");
  folder.write("voc/ImageSets/Main/val.txt", "");
  EXPECT_EQ(annotation_splits(folder / "yolo"), (Names{"train", "val"}));
  EXPECT_EQ(annotation_splits(folder / "yolo/data.yaml"), (Names{"train", "val"}));
  EXPECT_EQ(annotation_splits(folder / "voc"), Names{"val"});
  EXPECT_EQ(annotation_splits(folder.write("a.json", "")), Names());
  EXPECT_EQ(annotation_splits(folder / "gone"), Names());
  folder.write("yolo/data.yaml", "names: [cat]\n");
  EXPECT_THROW(annotation_splits(folder / "yolo"), Error);
}

TEST(AnnotationFolders, EveryPrefixIsReadOrRefused) {
  const Exported folder;
  const std::string name = "set/train/_annotations.coco.json";
  try_prefixes({.path = folder / "set"}, folder / name, coco("train.jpg", kCells));
  const DataFolder pictures;
  pictures.write("set/train/a.jpg", jpeg(64, 48));
  try_prefixes({.path = pictures / "set"}, pictures.write("set/train/a.xml", ""), voc("cat"));
}

}  // namespace
}  // namespace fovea
