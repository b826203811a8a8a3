#include <gtest/gtest.h>

#include "tests/vision/annotation_data.h"

namespace fovea {
namespace {

std::string object(const std::string& name, const std::string& corners, const std::string& more = "") {
  const char* tags[] = {"xmin", "ymin", "xmax", "ymax"};
  std::string box;
  std::istringstream words(corners);
  for (const char* tag : tags) {
    std::string word;
    words >> word;
    box += std::string("<") + tag + ">" + word + "</" + tag + ">";
  }
  return "<object><name>" + name + "</name>" + more + "<bndbox>" + box + "</bndbox></object>\n";
}

std::string xml(const std::string& objects, const std::string& size = "64 48",
                const std::string& file = "x.jpg") {
  const size_t blank = size.find(' ');
  return "<annotation><filename>" + file + "</filename>\n<size><width>" + size.substr(0, blank) +
         "</width><height>" + size.substr(blank + 1) + "</height><depth>3</depth></size>\n" + objects +
         "</annotation>\n";
}

// One picture of 64 x 48 with these objects.
struct VocFolder : DataFolder {
  explicit VocFolder(const std::string& objects, const std::string& size = "64 48", int orientation = 1) {
    write("voc/Annotations/a.xml", xml(objects, size));
    write("voc/JPEGImages/a.jpg", jpeg(64, 48, orientation));
  }
  AnnotatedPictures read() const { return read_annotations({.path = path() / "voc"}); }
};

TEST(VocAnnotations, PixelsCountFromOneAndBothCornersAreInside) {
  const VocFolder folder(object("cat", "1 1 64 48") +
                         object("ant", "10.5 20 12.5 30", "<difficult>1</difficult>") +
                         object("cat", "3 1 9 8", "<part><bndbox><xmin>0</xmin></bndbox></part>"));
  const AnnotatedPictures data = folder.read();
  EXPECT_EQ(codes(data), "");
  EXPECT_EQ(data.format, "voc");
  EXPECT_EQ(data.images, folder / "voc/JPEGImages");
  ASSERT_EQ(data.categories.size(), 2u);
  EXPECT_EQ(data.categories[0].name, "ant");
  EXPECT_EQ(data.categories[0].id, 1);
  EXPECT_EQ(data.categories[1].id, 2);
  ASSERT_EQ(data.pictures.size(), 1u);
  const AnnotatedPicture& picture = data.pictures[0];
  EXPECT_EQ(picture.file, "a.jpg");
  EXPECT_EQ(picture.width, 64);
  EXPECT_EQ(picture.height, 48);
  ASSERT_EQ(picture.objects.size(), 3u);
  EXPECT_EQ(picture.objects[0].box, (Box{0, 0, 64, 48}));
  EXPECT_EQ(picture.objects[0].category, 1);
  EXPECT_EQ(picture.objects[0].area, 64 * 48);
  EXPECT_FALSE(picture.objects[0].difficult);
  EXPECT_EQ(picture.objects[1].box, (Box{9.5, 19, 12.5, 30}));
  EXPECT_TRUE(picture.objects[1].difficult);
  EXPECT_EQ(picture.objects[2].box, (Box{2, 0, 9, 8}));
  EXPECT_EQ(picture.objects[2].id, 3);
}

TEST(VocAnnotations, SetsThatCountFromZero) {
  const AnnotatedPictures edges = VocFolder(object("a", "0 0 64 48") + object("a", "10 10 20 20")).read();
  EXPECT_EQ(codes(edges), "noted zero_based");
  EXPECT_EQ(edges.pictures[0].objects[0].box, (Box{0, 0, 64, 48}));
  EXPECT_EQ(edges.pictures[0].objects[1].box, (Box{10, 10, 20, 20}));
  const AnnotatedPictures pixels = VocFolder(object("a", "0 0 63 47") + object("a", "10 10 20 20")).read();
  EXPECT_EQ(codes(pixels), "noted zero_based");
  EXPECT_EQ(pixels.pictures[0].objects[0].box, (Box{0, 0, 64, 48}));
  EXPECT_EQ(pixels.pictures[0].objects[1].box, (Box{10, 10, 21, 21}));
  const AnnotatedPictures slip =
      VocFolder(object("a", "1 1 64 48") + object("b", "1 1 9 9") + object("a", "0 10 20 20")).read();
  EXPECT_EQ(codes(slip), "repaired clipped_box");
  EXPECT_EQ(slip.pictures[0].objects[2].box, (Box{0, 9, 20, 20}));
}

TEST(VocAnnotations, SplitsAndCategoriesOfAll) {
  DataFolder folder;
  for (const char* stem : {"a", "b", "c", "d"}) {
    folder.write("voc/Annotations/" + std::string(stem) + ".xml",
                 xml(object(std::string("of ") + stem, "2 2 20 20")));
    folder.write("voc/JPEGImages/" + std::string(stem) + ".jpg", jpeg(64, 48));
  }
  folder.write("voc/Annotations/e.xml", "<annotation>");
  folder.write("voc/ImageSets/Main/train.txt", "c\r\na\n\n");
  folder.write("voc/ImageSets/Main/val.txt", "b  1\nd -1\n");
  folder.write("voc/ImageSets/Main/test.txt", "d\nd\ngone\ne\n");
  const AnnotatedPictures train = read_annotations({.path = folder / "voc"});
  EXPECT_EQ(codes(train), "");
  EXPECT_EQ(train.splits, (std::vector<std::string>{"train", "val", "test"}));
  EXPECT_EQ(train.categories.size(), 4u);
  ASSERT_EQ(train.pictures.size(), 2u);
  EXPECT_EQ(train.pictures[0].file, "c.jpg");
  EXPECT_EQ(train.pictures[0].id, 3);
  EXPECT_EQ(train.pictures[0].objects.at(0).category, 2);
  EXPECT_EQ(train.pictures[1].file, "a.jpg");
  const AnnotatedPictures val = read_annotations({.path = folder / "voc", .split = "val"});
  ASSERT_EQ(val.pictures.size(), 1u);
  EXPECT_EQ(val.pictures[0].file, "b.jpg");
  const AnnotatedPictures test = read_annotations({.path = folder / "voc", .split = "test"});
  EXPECT_EQ(test.pictures.size(), 1u);
  EXPECT_EQ(codes(test), "skipped bad_file, skipped duplicate_id, skipped missing_file");
  EXPECT_EQ(refusal({.path = folder / "voc", .split = "dev"}),
            "'" + (folder / "voc").string() + "': no split 'dev'; it has train, val, test");
  std::filesystem::remove_all(folder / "voc/ImageSets");
  EXPECT_EQ(codes(read_annotations({.path = folder / "voc"})), "skipped bad_file");
  EXPECT_EQ(read_annotations({.path = folder.path()}).pictures.size(), 4u);
}

TEST(VocAnnotations, BadBoxesAreLeftOutOrClipped) {
  const AnnotatedPictures data =
      VocFolder(object("a", "nan 2 20 20") + object("a", "2 inf 20 20") + object("a", "2 2 1e300 20") +
                object("a", "2 x 20 20") + object("a", "20 2 10 20") + object("a", "21 2 20 20") +
                object("a", "100 2 200 20") + object("a", "5 5 70 30") + object("a", "2 2 20 20") +
                "<object><name>a</name></object><object><bndbox/></object>" + object("A", "4 4 4 4"))
          .read();
  EXPECT_EQ(
      codes(data),
      "skipped bad_box, skipped unknown_category, skipped bad_box, skipped bad_box, skipped bad_box, skipped "
      "bad_box, skipped bad_box, skipped bad_box, skipped bad_box, repaired clipped_box, noted small_box, "
      "noted "
      "similar_names");
  ASSERT_EQ(data.pictures[0].objects.size(), 3u);
  EXPECT_EQ(data.pictures[0].objects[0].box, (Box{4, 4, 64, 30}));
  EXPECT_EQ(data.pictures[0].objects[1].box, (Box{1, 1, 20, 20}));
  EXPECT_EQ(data.pictures[0].objects[2].box, (Box{3, 3, 4, 4}));
  const auto clipped = std::ranges::find(data.problems, "clipped_box", &AnnotationProblem::code);
  EXPECT_EQ(clipped->message,
            "Annotations/a.xml: 'a': the box 4 4 70 30 goes beyond the picture of 64 x 48; clipped "
            "to it");
}

TEST(VocAnnotations, SizesThatAreNotThePictures) {
  const std::string low = object("a", "11 2 60 10"), wide = object("a", "51 2 64 10"),
                    tall = object("a", "2 30 20 60");
  const AnnotatedPictures none = VocFolder(wide, "0 0").read();
  EXPECT_EQ(codes(none), "");
  EXPECT_EQ(none.pictures[0].width, 64);
  const AnnotatedPictures turned_size = VocFolder(wide, "48 64").read();
  EXPECT_EQ(codes(turned_size), "repaired swapped_size");
  EXPECT_EQ(turned_size.pictures[0].width, 64);
  EXPECT_EQ(turned_size.pictures[0].objects[0].box, (Box{50, 1, 64, 10}));
  EXPECT_NE(refusal({.path = VocFolder(tall, "48 64").path() / "voc"}), "");
  const AnnotatedPictures twice = VocFolder(object("a", "11 11 100 80"), "128 96").read();
  EXPECT_EQ(codes(twice), "repaired wrong_size");
  EXPECT_EQ(twice.pictures[0].objects[0].box, (Box{5, 5, 50, 40}));
  const AnnotatedPictures slip = VocFolder(low, "30 48").read();
  EXPECT_EQ(codes(slip), "repaired wrong_size");
  EXPECT_EQ(slip.pictures[0].objects[0].box, (Box{10, 1, 60, 10}));
  // The picture is 64 x 48.
  const AnnotatedPictures both = VocFolder(low, "64 60").read();
  EXPECT_EQ(codes(both), "repaired wrong_size");
  EXPECT_EQ(both.pictures[0].objects[0].box, (Box{10, 1, 60, 10}));
  EXPECT_EQ(both.pictures[0].height, 48);
  const auto refused = [](const std::string& objects, const char* size) {
    return refusal({.path = VocFolder(objects, size).path() / "voc"});
  };
  EXPECT_NE(refused(object("a", "11 11 100 80"), "90 70").find("its boxes fit neither"), std::string::npos);
  EXPECT_NE(refused(object("a", "11 11 70 80"), "80 90").find("its boxes fit only what is said"),
            std::string::npos);
}

// Stored as 64 x 48, shown as 48 x 64. The box lies in the stored picture's top right corner.
TEST(VocAnnotations, BoxesFollowTheExifOrientation) {
  const std::string corner = object("a", "55 1 64 8");
  const Box expected[] = {{0, 54, 8, 64}, {40, 54, 48, 64}, {40, 0, 48, 10}, {0, 0, 8, 10}};
  for (int orientation = 5; orientation <= 8; ++orientation) {
    const AnnotatedPictures data = VocFolder(corner, "64 48", orientation).read();
    EXPECT_EQ(codes(data), "repaired swapped_size") << orientation;
    EXPECT_EQ(data.pictures[0].width, 48);
    EXPECT_EQ(data.pictures[0].height, 64);
    EXPECT_EQ(data.pictures[0].objects[0].box, expected[orientation - 5]) << orientation;
  }
  const AnnotatedPictures upright = VocFolder(object("a", "1 55 8 64"), "48 64", 6).read();
  EXPECT_EQ(codes(upright), "");
  EXPECT_EQ(upright.pictures[0].objects[0].box, (Box{0, 54, 8, 64}));
  const AnnotatedPictures said_wrong = VocFolder(object("a", "1 55 8 64"), "64 48", 6).read();
  EXPECT_EQ(codes(said_wrong), "repaired swapped_size");
  EXPECT_EQ(said_wrong.pictures[0].objects[0].box, (Box{0, 54, 8, 64}));
}

TEST(VocAnnotations, PicturesThatCannotBeUsed) {
  DataFolder folder;
  for (const char* stem : {"a", "b", "c", "d"})
    folder.write(
        "voc/Annotations/" + std::string(stem) + ".xml",
        xml(std::string(stem) == "d" ? "" : object("x", "2 2 20 20"), "64 48", std::string(stem) + "0.png"));
  folder.write("voc/JPEGImages/a0.png", jpeg(64, 48));
  folder.write("voc/JPEGImages/c.jpg", jpeg(64, 48).substr(0, 300));
  folder.write("voc/JPEGImages/d.jpeg", jpeg(64, 48));
  const AnnotatedPictures data = read_annotations({.path = folder / "voc"});
  EXPECT_EQ(codes(data), "skipped missing_picture, skipped bad_picture, noted no_objects");
  ASSERT_EQ(data.pictures.size(), 2u);
  EXPECT_EQ(data.pictures[0].file, "a0.png");
  EXPECT_EQ(data.pictures[1].file, "d.jpeg");
  const AnnotatedPictures unseen = read_annotations({.path = folder / "voc", .check = PictureCheck::kNone});
  EXPECT_EQ(unseen.pictures.size(), 4u);
  std::filesystem::remove_all(folder / "voc/JPEGImages");
  EXPECT_NE(refusal({.path = folder / "voc"}).find("none of its 4 pictures can be used"), std::string::npos);
}

TEST(VocAnnotations, HostileXmlEndsInOneLine) {
  const auto why = [](const std::string& text) {
    const VocFolder folder("");
    folder.write("voc/Annotations/a.xml", text);
    return refusal({.path = folder / "voc"});
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  EXPECT_PRED2(has, why(deep), "not valid XML");
  for (int i = 0; i < 200'000; ++i) deep += "</a>";
  EXPECT_PRED2(has, why(deep), "has no <annotation>");
  EXPECT_PRED2(has, why(""), "not valid XML at byte 0");
  EXPECT_PRED2(has,
               why("<!DOCTYPE b [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;\">]><annotation>&m;</annotation>"),
               "declares XML entities");
  EXPECT_PRED2(has, why(std::string(17 << 20, ' ')), "too many");
  EXPECT_PRED2(has, why(std::string(1000, '\0')), "XML");
  EXPECT_EQ(codes(VocFolder(object("caf\xE9", "2 2 20 20")).read()),
            "skipped unknown_category, noted no_objects");
  EXPECT_EQ(why("\xEF\xBB\xBF" + xml(object("a", "2 2 20 20"))), "");
  EXPECT_EQ(why("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + xml(object("caf\xE9", "2 2 20 20"))), "");
}

TEST(VocAnnotations, EveryPrefixIsReadOrRefused) {
  const VocFolder folder("");
  try_prefixes({.path = folder / "voc"}, folder / "voc/Annotations/a.xml",
               xml(object("a", "2 2 20 20") + object("b", "1 1 64 48")));
  folder.write("voc/ImageSets/Main/train.txt", "");
  try_prefixes({.path = folder / "voc"}, folder / "voc/ImageSets/Main/train.txt", "a\nb\na");
}

TEST(VocAnnotations, BloodCells) {
  const std::filesystem::path folder = FOVEA_SOURCE_DIR "/../shared/datasets/bccd";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder << ": the reference folder is absent";
  struct Split {
    const char* name;
    size_t pictures;
    int64_t platelets, red, white;
  };
  for (const Split& split : {Split{"train", 205, 209, 2382, 214}, Split{"val", 87, 83, 968, 87},
                             Split{"test", 72, 69, 805, 71}, Split{"trainval", 292, 292, 3350, 301}}) {
    const AnnotatedPictures data = read_annotations({.path = folder, .split = split.name});
    EXPECT_EQ(data.pictures.size(), split.pictures) << split.name;
    EXPECT_EQ(objects_of(data, "Platelets"), split.platelets) << split.name;
    EXPECT_EQ(objects_of(data, "RBC"), split.red) << split.name;
    EXPECT_EQ(objects_of(data, "WBC"), split.white) << split.name;
  }
  const AnnotatedPictures data = read_annotations({.path = folder, .check = PictureCheck::kDecoded});
  EXPECT_EQ(codes(data), "noted small_box");
  EXPECT_EQ(data.pictures[0].file, "BloodImage_00001.jpg");
  EXPECT_EQ(data.pictures[0].objects[0].box, (Box{67, 314, 286, 480}));
}

}  // namespace
}  // namespace fovea
