#include <gtest/gtest.h>

#include <cmath>

#include "tests/vision/annotation_data.h"
#include "vision/coco_results.h"

namespace fovea {
namespace {

constexpr char kCategories[] =
    R"({"id": 18, "name": "dog", "supercategory": "animal"}, {"id": 3, "name": "car"})";
constexpr char kImages[] = R"({"id": 7, "file_name": "a.jpg", "width": 64, "height": 48},
                              {"id": 5, "file_name": "b.jpg", "height": 48, "width": 64, "license": [{"id": 9}]})";

std::string coco(const std::string& annotations, const std::string& images = kImages,
                 const std::string& categories = kCategories) {
  return "{\"info\": {\"id\": 3, \"images\": [1]}, \"images\": [" + images + "],\n \"annotations\": [" +
         annotations + "], \"categories\": [" + categories + "]}";
}

std::string object(int64_t id, int64_t picture, const std::string& bbox, const std::string& more = "") {
  return "{\"id\": " + std::to_string(id) + ", \"image_id\": " + std::to_string(picture) +
         ", \"category_id\": 18, \"bbox\": [" + bbox + "]" + more + "}";
}

// Pictures a.jpg and b.jpg of 64 x 48 beside the file.
struct CocoFolder : DataFolder {
  explicit CocoFolder(const std::string& text) {
    write("coco.json", text);
    write("a.jpg", jpeg(64, 48));
    write("b.jpg", jpeg(64, 48));
  }
  AnnotatedPictures read(bool clip = true) const {
    return read_annotations({.path = path() / "coco.json", .clip = clip});
  }
  std::string why() const { return refusal({.path = path() / "coco.json"}); }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(CocoAnnotations, Values) {
  const CocoFolder folder(coco(
      object(40, 5, "1.5, 2, 10.25, 20",
             R"(, "area": 77.5, "iscrowd": 0, "segmentation": [[1, 2, 3, 4], [5, 6]])") +
      ", " +
      R"({"segmentation": {"counts": [1, {"id": 3}], "size": [48, 64]}, "category_id": 3, "iscrowd": 1, "bbox":)" +
      R"( [0, 0, 64, 48], "image_id": 7, "keypoints": null, "id": 41, "bbox_mode": [1, 2, 3, 4]}, )" +
      object(12, 5, "0.1, 0.2, 0.7, 30")));
  const AnnotatedPictures data = folder.read();
  EXPECT_EQ(codes(data), "noted small_box");
  EXPECT_EQ(data.format, "coco");
  EXPECT_TRUE(std::filesystem::equivalent(data.images, folder.path()));
  ASSERT_EQ(data.categories.size(), 2u);
  EXPECT_EQ(data.categories[0].id, 3);
  EXPECT_EQ(data.categories[0].name, "car");
  EXPECT_EQ(data.categories[1].id, 18);
  ASSERT_EQ(data.pictures.size(), 2u);
  EXPECT_EQ(data.pictures[0].id, 7);
  EXPECT_EQ(data.pictures[0].file, "a.jpg");
  EXPECT_EQ(data.pictures[0].width, 64);
  EXPECT_EQ(data.pictures[0].height, 48);
  ASSERT_EQ(data.pictures[0].objects.size(), 1u);
  const Annotation& crowd = data.pictures[0].objects[0];
  EXPECT_TRUE(crowd.crowd);
  EXPECT_EQ(crowd.category, 0);
  EXPECT_EQ(crowd.area, 64 * 48);
  EXPECT_EQ(crowd.id, 41);
  ASSERT_EQ(data.pictures[1].objects.size(), 2u);
  const Annotation& first = data.pictures[1].objects[0];
  EXPECT_EQ(first.box, (Box{1.5, 2, 11.75, 22}));
  EXPECT_EQ(first.category, 1);
  EXPECT_EQ(first.area, 77.5);
  EXPECT_FALSE(first.crowd);
  EXPECT_EQ(first.id, 40);
  EXPECT_EQ(data.pictures[1].objects[1].bbox, (std::array<double, 4>{0.1, 0.2, 0.7, 30}));
}

TEST(CocoAnnotations, OutlinesAreSkippedAndNothingElse) {
  const std::string outline =
      R"("segmentation" : [[1, "]\"", {"bbox": [3]}],)" + std::string(3 << 20, ' ') + "2]";
  const CocoFolder folder(
      coco("{" + outline + R"(, "note": "segmentation", "bbox": [1, 2, 3, 4], "segmentation": 7,
      "image_id": 5, "category_id": 3, "segmentation": "x", "segmentation": [], "id": 3})"));
  EXPECT_EQ(codes(folder.read()), "noted no_objects");
  EXPECT_EQ(folder.read().pictures.at(1).objects.at(0).box, (Box{1, 2, 4, 6}));
  EXPECT_PRED2(has, CocoFolder("{\"segmentation\": [[1, 2], {").why(), "ends early");
}

TEST(CocoAnnotations, OrderOfKeysDoesNotMatter) {
  const CocoFolder folder("{\"categories\": [" + std::string(kCategories) + "], \"annotations\": [" +
                          object(1, 5, "1, 2, 3, 4") + "], \"images\": [" + kImages + "]}");
  EXPECT_EQ(codes(folder.read()), "noted no_objects");
  EXPECT_EQ(objects_of(folder.read(), "dog"), 1);
}

TEST(CocoAnnotations, EvaluationHasBoxesAsTheFileSays) {
  const CocoFolder folder(coco(object(1, 5, "-3, 2, 90.1, 20") + "," + object(2, 5, "4, 4, 0, 5") + "," +
                               object(3, 5, "100, 4, 7, 5") + "," + object(4, 7, "4, 4, -1, 5")));
  const AnnotatedPictures data = folder.read(false);
  EXPECT_EQ(codes(data), "skipped bad_box, noted no_objects");
  ASSERT_EQ(data.pictures[1].objects.size(), 3u);
  EXPECT_EQ(data.pictures[1].objects[0].box, (Box{-3, 2, -3 + 90.1, 22}));
  EXPECT_EQ(data.pictures[1].objects[1].bbox, (std::array<double, 4>{4, 4, 0, 5}));
  const AnnotatedPictures clipped = folder.read();
  EXPECT_EQ(codes(clipped),
            "skipped bad_box, noted no_objects, repaired clipped_box, skipped bad_box, skipped bad_box");
  ASSERT_EQ(clipped.pictures[1].objects.size(), 1u);
  EXPECT_EQ(clipped.pictures[1].objects[0].box, (Box{0, 2, 64, 22}));
  EXPECT_EQ(clipped.pictures[1].objects[0].bbox[2], 90.1);
}

TEST(CocoAnnotations, BadEntriesAreLeftOut) {
  const AnnotatedPictures data =
      CocoFolder(
          coco(
              object(1, 5, "NaN, 2, 3, 4") + "," + object(2, 5, "1, 2, Infinity, 4") + "," +
                  object(3, 5, "1, 2, 3, -Infinity") + "," + object(4, 5, "1, 2, 3") + "," +
                  object(5, 5, "[1, 2], 3, 4, 5") + "," + object(6, 5, "1, 2, \"3\", 4") + "," +
                  object(7, 99, "1, 2, 3, 4") + ", 17, \"x\", [[1]], {}, null," +
                  R"({"id": 9, "image_id": 5, "category_id": 4, "bbox": [1, 2, 3, 4]},)" +
                  R"({"id": 9, "image_id": "5", "category_id": 18, "bbox": [1, 2, 3, 4]},)" +
                  R"({"id": [9], "image_id": 5, "category_id": 18, "bbox": [1, 2, 3, 4]},)" +
                  R"({"id": 18446744073709551615, "image_id": 5, "category_id": 18, "bbox": [1, 2, 3, 4]},)" +
                  R"({"id": 10, "image_id": 5, "category_id": 18, "bbox": "1 2 3 4"},)" +
                  R"({"id": 11, "image_id": 5, "category_id": 18},)" + object(12, 5, "1, 2, 3, 1e300") + "," +
                  object(13, 5, "1, 2, 3, 4"),
              std::string(kImages) +
                  R"(, {"file_name": "c.jpg"}, {"id": 1}, {"id": 2, "file_name": "../c.jpg"},
                        {"id": 3, "file_name": "/etc/c.jpg"}, {"id": 4.5, "file_name": "c.jpg"}, {"id": 4, "file_name": 3})",
              std::string(kCategories) + R"(, {"id": 5}, {"name": "x"}, 7)"))
          .read();
  EXPECT_EQ(objects_of(data), 1);
  EXPECT_EQ(data.pictures.size(), 2u);
  EXPECT_EQ(data.categories.size(), 2u);
  std::map<std::string, int> counts;
  for (const AnnotationProblem& problem : data.problems) {
    EXPECT_EQ(problem.kind, problem.code == "no_objects" ? AnnotationProblem::Kind::kNoted
                                                         : AnnotationProblem::Kind::kSkipped);
    ++counts[problem.code];
  }
  const std::map<std::string, int> expected = {
      {"bad_box", 9}, {"unknown_picture", 1}, {"unknown_category", 1}, {"bad_entry", 17}, {"no_objects", 1}};
  EXPECT_EQ(counts, expected);
}

TEST(CocoAnnotations, Ids) {
  const AnnotatedPictures data =
      CocoFolder(
          coco(object(0, 5, "1, 2, 3, 4") + "," + object(8, 5, "1, 2, 30, 4") + "," +
                   object(8, 5, "1, 2, 30, 4") + "," + object(8, 7, "1, 2, 30, 4") + "," +
                   R"({"image_id": 0, "category_id": 0, "bbox": [1, 2, 3, 4]})",
               std::string(kImages) + R"(, {"id": 5, "file_name": "c.jpg"}, {"id": 0, "file_name": "b.jpg"})",
               std::string(kCategories) + R"(, {"id": 3, "name": "van"}, {"id": 0, "name": "Dog"})"))
          .read();
  EXPECT_EQ(
      codes(data),
      "noted id_zero, skipped duplicate_id, skipped duplicate_id, noted id_zero, noted id_zero, skipped "
      "duplicate_id, repaired duplicate_id, repaired no_id, noted similar_names, noted same_file");
  EXPECT_EQ(data.categories[0].id, 0);
  ASSERT_EQ(data.pictures.size(), 3u);
  EXPECT_EQ(data.pictures[0].objects.at(0).id, 9);
  EXPECT_EQ(data.pictures[1].objects.size(), 2u);
  EXPECT_EQ(data.pictures[1].objects.at(0).id, 0);
  EXPECT_EQ(data.pictures[2].objects.at(0).id, 10);
  EXPECT_EQ(data.pictures[2].objects.at(0).category, 0);
}

TEST(CocoAnnotations, WhereThePicturesLie) {
  const std::string text = coco(object(1, 5, "1, 2, 3, 4"));
  for (const char* folder :
       {"x/images/", "x/annotations/", "x/train2017/", "x/images/train2017/", "x/annotations/images/"}) {
    const DataFolder data;
    data.write("x/annotations/instances_train2017.json", text);
    data.write(std::string(folder) + "a.jpg", jpeg(64, 48));
    data.write(std::string(folder) + "b.jpg", jpeg(64, 48));
    const AnnotatedPictures read =
        read_annotations({.path = data / "x/annotations/instances_train2017.json"});
    EXPECT_TRUE(std::filesystem::equivalent(read.images, data / folder)) << folder;
    EXPECT_EQ(read.pictures.size(), 2u);
  }
  const DataFolder data;
  data.write("x/annotations/instances_train2017.json", text);
  data.write("elsewhere/b.jpg", jpeg(64, 48));
  const std::filesystem::path file = data / "x/annotations/instances_train2017.json";
  EXPECT_PRED2(has, refusal({.path = file}), "its pictures ('a.jpg', ...) are in none of");
  EXPECT_EQ(read_annotations({.path = file, .check = PictureCheck::kNone}).pictures.size(), 2u);
  const AnnotatedPictures given = read_annotations({.path = file, .images = data / "elsewhere"});
  EXPECT_EQ(codes(given), "skipped missing_picture");
  EXPECT_EQ(given.pictures.at(0).file, "b.jpg");
  EXPECT_PRED2(has, refusal({.path = file, .images = data / "nowhere"}),
               "none of its 2 pictures can be used");
  EXPECT_PRED2(has, refusal({.path = file, .split = "val"}), "no split 'val'; it has none");
}

TEST(CocoAnnotations, EveryPictureThatIsLeftOutIsNamed) {
  std::string images = kImages;
  for (int i = 100; i < 1200; ++i)
    images += R"(,{"id": )" + std::to_string(i) + R"(, "file_name": "none)" + std::to_string(i) +
              R"(.jpg", "width": 64, "height": 48})";
  const CocoFolder folder(coco(object(1, 5, "1, 2, 8, 9"), images));
  const AnnotatedPictures data = folder.read();
  ASSERT_EQ(data.left_out.size(), 1100u);
  EXPECT_EQ(data.left_out[1099].name, (folder.path() / "none1199.jpg").string());
  EXPECT_PRED2(has, data.left_out[1099].reason, "none1199.jpg");
  EXPECT_EQ(repaired_entries(data), "");
  EXPECT_EQ(data.problems.back().count, 100);
  EXPECT_TRUE(data.problems.back().of_picture);
}

TEST(CocoAnnotations, EntriesOfPicturesThatAreLeftOutAreLostPictures) {
  const CocoFolder folder(
      coco(object(1, 5, "1, 2, 8, 9"), std::string(kImages) + R"(, {"id": 7, "file_name": "c.jpg"}, {"id": 9},
                               {"id": 7, "file_name": "a.jpg"}, {"file_name": "d.jpg"})"));
  const AnnotatedPictures data = folder.read();
  EXPECT_EQ(data.pictures.size(), 2u);
  std::vector<std::string> lost;
  for (const PictureFailure& picture : data.left_out)
    lost.push_back(std::filesystem::path(picture.name).filename().string());
  EXPECT_EQ(lost, (std::vector<std::string>{"coco.json", "d.jpg", "c.jpg"}));  // a.jpg is there
}

TEST(CocoAnnotations, ProblemsBeyondTheFirstThousandAreCounted) {
  std::string objects;
  for (int i = 1; i <= 1500; ++i) objects += object(i, 5, "1, 2, 0, 0") + ",";
  const AnnotatedPictures data = CocoFolder(coco(objects + object(1501, 7, "1, 2, 3, 4"))).read();
  ASSERT_EQ(data.problems.size(), 1002u);
  EXPECT_EQ(data.problems.back().code, "bad_box");
  EXPECT_EQ(data.problems.back().count, 500);
}

TEST(CocoAnnotations, HostileFilesEndInOneLine) {
  const auto why = [](const std::string& text) { return CocoFolder(text).why(); };
  const std::string good = coco(object(1, 5, "1, 2, 3, 4"));
  EXPECT_EQ(why(good), "");
  EXPECT_EQ(why("\xEF\xBB\xBF" + good), "");
  EXPECT_PRED2(has, why(""), "ends early, at byte 0");
  EXPECT_PRED2(has, why("[]"), "is a list");
  EXPECT_PRED2(has, why("3"), "not a JSON object");
  EXPECT_PRED2(has, why("{}"), "has no \"images\"");
  EXPECT_PRED2(has, why(R"({"images": [], "annotations": []})"), "has no \"categories\"");
  EXPECT_PRED2(has, why(R"({"images": {}})"), "\"images\" is not a list");
  EXPECT_PRED2(has, why(R"({"annotations": null})"), "\"annotations\" is not a list");
  EXPECT_PRED2(has, why(R"({"images": [], "annotations": [], "categories": []})"), "holds no usable picture");
  EXPECT_PRED2(has, why(std::string(1 << 20, '[')), "is a list");
  EXPECT_PRED2(has, why("{\"x\": " + std::string(1 << 20, '[')), "nested deeper than 32");
  std::string deep = R"({"images": [)";
  for (int i = 0; i < 100'000; ++i) deep += R"({"a":)";
  EXPECT_PRED2(has, why(deep), "nested deeper than 32");
  EXPECT_PRED2(has, why("{\"x\": \"" + std::string(17 << 20, 'x') + "\"}"), "a text of more than");
  EXPECT_PRED2(has, why(coco(object(1, 5, "1, 2, 3, 1e999"))), "too large");
  EXPECT_PRED2(has, why(good + "x"), "not valid JSON at byte");
  EXPECT_PRED2(has, why("{\"caf\xE9\": 1}"), "not valid UTF-8 at byte");
  EXPECT_PRED2(has, why(std::string("\xFF\xFE{\0}\0", 6)), "not valid");
  EXPECT_PRED2(has, why(std::string(100, '\0')), "not valid JSON");
  EXPECT_PRED2(has, why("{\"x\": NaN, \"y\": -Infinit}"), "not valid JSON");
  EXPECT_PRED2(has, refusal({.path = "/nowhere/a.json"}), "there is no such file or folder");
}

// An object without a box, with this outline.
std::string outlined(int64_t id, const std::string& outline, const std::string& more = "") {
  return "{\"segmentation\": " + outline + ", \"id\": " + std::to_string(id) +
         R"(, "image_id": 5, "category_id": 18)" + more + "}";
}

TEST(CocoAnnotations, BoxesAroundPolygons) {
  const CocoFolder folder(coco(
      outlined(1, "[[4, 5.5, 20.25, 5, 10, 3e1]]") + "," +
      outlined(2, " [ [ 9,9 , 8,20, 12,10 ] , [] ,[40,2, 30,4, 31,3] ] ", R"(, "bbox": [], "area": 30)") +
      "," + object(3, 5, "1, 2, 3, 4", R"(, "segmentation": [[10, 10, 50, 40, 20, 20]])")));
  const AnnotatedPictures data = folder.read();
  EXPECT_EQ(codes(data), "repaired no_bbox, repaired no_bbox, noted no_objects");
  EXPECT_EQ(data.problems[1].message,
            "'" + (folder.path() / "coco.json").string() +
                "': annotations[1]: \"bbox\" is missing; the box around its polygons is taken");
  const std::vector<Annotation>& objects = data.pictures.at(1).objects;
  ASSERT_EQ(objects.size(), 3u);
  EXPECT_EQ(objects[0].box, (Box{1, 2, 4, 6}));
  EXPECT_EQ(objects[1].box, (Box{4, 5, 20.25, 30}));
  EXPECT_EQ(objects[1].bbox, (std::array<double, 4>{4, 5, 16.25, 25}));
  EXPECT_EQ(objects[1].area, 16.25 * 25);
  EXPECT_EQ(objects[2].box, (Box{8, 2, 40, 20}));
  EXPECT_EQ(objects[2].area, 30);
}

TEST(CocoAnnotations, OutlinesThatAreNoPolygonsGiveNoBox) {
  for (const char* outline :
       {R"({"counts": [1, 2, 3], "size": [48, 64]})", R"({"counts": "abc"})", "[]", "[[]]", "[1, 2, 3, 4]",
        "[[1, 2, 3]]", "[[1, 2, 3,]]", "[[1, 2, 3, \"4\"]]", "[[1, 2, 3, NaN]]", "[[1, 2, 3, 1e999]]",
        "[[1, 2, [3, 4]]]", "[[1, 2, 3, 4], 5]", "[[1, 2, 3, 4], {\"a\": [1]}]", "[[1 2, 3, 4]]",
        "[[1, 2, 3, 4}]", "[{1, 2, 3, 4]]"}) {
    const AnnotatedPictures data =
        CocoFolder(coco(object(1, 7, "1, 2, 3, 4") + "," + outlined(2, outline))).read();
    EXPECT_EQ(codes(data), "skipped bad_box, noted no_objects") << outline;
    EXPECT_PRED2(has, data.problems[0].message,
                 "annotations[1]: \"bbox\" is missing, and its outline is no list");
  }
  const std::string longest = "[[1, 2, 3, " + std::string(3 << 20, '4') + "]]";
  EXPECT_EQ(codes(CocoFolder(coco(outlined(2, longest))).read()),
            "skipped bad_box, noted no_objects, noted no_objects");
  EXPECT_EQ(codes(CocoFolder(coco(outlined(2, "null"))).read()),
            "skipped bad_box, noted no_objects, noted no_objects");
}

TEST(CocoAnnotations, PicturesAloneWhereNoBoxesAreNeeded) {
  const CocoFolder folder("{\"images\": [" + std::string(kImages) + "], \"categories\": [" + kCategories +
                          "]}");
  EXPECT_PRED2(has, folder.why(), "has no \"annotations\"");
  const AnnotatedPictures data =
      read_annotations({.path = folder / "coco.json", .check = PictureCheck::kNone, .boxes = false});
  EXPECT_EQ(data.pictures.size(), 2u);
  EXPECT_EQ(data.categories.size(), 2u);
  folder.write("coco.json", "{\"images\": [" + std::string(kImages) + "]}");
  EXPECT_PRED2(has, refusal({.path = folder / "coco.json", .boxes = false}), "has no \"categories\"");
}

TEST(CocoAnnotations, BackslashesInNames) {
  const std::string images = R"({"id": 7, "file_name": "sub\\a.jpg"}, {"id": 5, "file_name": "..\\b.jpg"},
                                {"id": 8, "file_name": "as\\is.jpg"})";
  const CocoFolder folder(coco(object(1, 7, "1, 2, 3, 4"), images));
  folder.write("sub/a.jpg", jpeg(64, 48));
  folder.write("as\\is.jpg", jpeg(64, 48));
  const AnnotatedPictures data = folder.read();
  EXPECT_EQ(codes(data), "skipped missing_picture, noted no_objects");
  EXPECT_PRED2(has, data.problems[0].message, "'..\\b.jpg'");
  ASSERT_EQ(data.pictures.size(), 2u);
  EXPECT_EQ(data.pictures[0].file, "sub/a.jpg");
  EXPECT_EQ(data.pictures[1].file, "as\\is.jpg");
}

TEST(CocoAnnotations, CategoriesOfOneNameAreOne) {
  const CocoFolder folder(coco(
      object(1, 5, "1, 2, 3, 4") + R"(, {"id": 2, "image_id": 7, "category_id": 40, "bbox": [4, 5, 9, 9]})",
      kImages, std::string(kCategories) + R"(, {"id": 40, "name": "dog"}, {"id": 50, "name": "owl"})"));
  const AnnotatedPictures data = folder.read();
  ASSERT_EQ(codes(data), "repaired same_name");
  EXPECT_EQ(data.problems[0].message, "categories 18 and 40 are both called 'dog'; they are taken as one");
  ASSERT_EQ(data.categories.size(), 3u);
  EXPECT_EQ(data.categories[2].name, "owl");
  EXPECT_EQ(objects_of(data, "dog"), 2);
  EXPECT_EQ(data.merged, (std::map<int64_t, int64_t>{{40, 1}}));
  const CocoResults results = parse_coco_results(
      R"([{"image_id": 7, "category_id": 40, "bbox": [4, 5, 9, 9], "score": 0.5}])", "results", data);
  ASSERT_EQ(results.boxes.size(), 1u);
  EXPECT_EQ(results.boxes[0].category, 1);
}

TEST(CocoAnnotations, MessagesHaveTheBoxOfTheFile) {
  const AnnotatedPictures data =
      CocoFolder(coco(object(1, 5, "100, 4, 7, 5") + "," + object(2, 7, "4, 4, 5, 5"))).read();
  EXPECT_PRED2(has, data.problems.at(0).message, "the box 100 4 107 9 lies outside the picture");
}

TEST(CocoAnnotations, EveryPrefixIsReadOrRefused) {
  const CocoFolder folder("");
  try_prefixes({.path = folder / "coco.json"}, folder / "coco.json",
               coco(object(1, 5, "1, -Infinity, 3.5e1, 4", R"(, "segmentation": {"counts": "ab\"c\\"})") +
                    "," + object(2, 7, "1, 2, 3, 4", R"(, "caption": "\u00e9\ud83d\ude00")")));
  std::string outline = "[[4, 5.5, 2e1, 5], [10, 30, 7, 8]]";
  for (size_t size = 0; size < outline.size(); ++size) {
    const CocoFolder cut(coco(object(1, 7, "1, 2, 3, 4") + "," + outlined(2, outline.substr(0, size))));
    EXPECT_NE(cut.why(), "") << size;
    std::string spoilt = outline;
    spoilt[size] = 'x';
    folder.write("coco.json", coco(object(1, 7, "1, 2, 3, 4") + "," + outlined(2, spoilt)));
    refusal({.path = folder / "coco.json"});
  }
}

}  // namespace
}  // namespace fovea
