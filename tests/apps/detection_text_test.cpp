#include "apps/detection_text.h"

#include <gtest/gtest.h>

#include "apps/category_ids.h"
#include "apps/coco_output.h"
#include "tests/apps/process.h"

namespace fovea {
namespace {

DetectionWords words() {
  DetectionWords words;
  words.labels = {"dog, big", "a & <b>"};
  words.categories = {18, std::nullopt};
  return words;
}

// A box within the picture, and one that leaves it on two sides.
Result found() {
  Result result;
  result.input = {4, "street/a,1.jpg", std::nullopt};
  result.width = 200;
  result.height = 100;
  result.objects = {{{12.75, 34.5, 61.25, 90}, 0, 0.9981f, 63}, {{-3.9, 80.2, 50, 101.7}, 1, 0.5f, 2}};
  return result;
}

Result frame() {
  Result result = found();
  result.input.frame = VideoFrame{417, 13.914, 29.97, {}};
  return result;
}

Result nothing() {
  Result result = found();
  result.objects.clear();
  return result;
}

TEST(DetectionText, Text) {
  EXPECT_EQ(text_of(found(), words()),
            "  0.9981  dog, big  12.8 34.5 61.2 90.0\n  0.5000  a & <b>  0.0 80.2 50.0 100.0\n");
  EXPECT_EQ(text_of(nothing(), words()), "  nothing with a score above 0.5\n");
}

TEST(DetectionText, Json) {
  EXPECT_EQ(
      json_of(found(), words()),
      R"("objects":[{"label":"dog, big","score":0.9981,"class_id":0,"category_id":18,)"
      R"("box":{"xmin":12.75,"ymin":34.5,"xmax":61.25,"ymax":90},"bbox":[12.75,34.5,48.5,55.5],"query":63},)"
      R"({"label":"a & <b>","score":0.5,"class_id":1,"category_id":null,)"
      R"("box":{"xmin":0,"ymin":80.2,"xmax":50,"ymax":100},"bbox":[0,80.2,50,19.8],"query":2}])");
  EXPECT_EQ(json_of(nothing(), words()), R"("objects":[])");
}

TEST(DetectionText, WholePixelsAreRoundedTowardsZeroAndNotCut) {
  DetectionWords whole = words();
  whole.whole_pixels = true;
  const std::string json = json_of(found(), whole);
  EXPECT_NE(json.find(R"("box":{"xmin":12,"ymin":34,"xmax":61,"ymax":90},"bbox":[12,34,49,56])"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("box":{"xmin":-3,"ymin":80,"xmax":50,"ymax":101})"), std::string::npos) << json;
}

TEST(DetectionText, Csv) {
  EXPECT_EQ(csv_header(false), "source,label,class_id,score,xmin,ymin,xmax,ymax");
  EXPECT_EQ(csv_of(found(), words(), false),
            "\"street/a,1.jpg\",\"dog, big\",0,0.9981,12.75,34.5,61.25,90\n"
            "\"street/a,1.jpg\",a & <b>,1,0.5,0,80.2,50,100\n");
  EXPECT_EQ(csv_of(nothing(), words(), false), "");
  EXPECT_EQ(csv_header(true), "source,label,class_id,score,xmin,ymin,xmax,ymax,frame,pts");
  EXPECT_NE(csv_of(frame(), words(), true).find(",61.25,90,417,13.914\n"), std::string::npos);
  EXPECT_NE(csv_of(found(), words(), true).find(",61.25,90,,\n"),
            std::string::npos);  // a picture beside videos
}

TEST(DetectionText, CocoLeavesOutWhatHasNoCategory) {
  EXPECT_EQ(coco_of(found(), words(), 42),
            R"({"image_id":42,"category_id":18,"bbox":[12.75,34.5,48.5,55.5],"score":0.9981})");
  EXPECT_EQ(coco_of(nothing(), words(), 42), "");
}

TEST(DetectionText, Yolo) {
  EXPECT_EQ(yolo_of(found(), words()),
            "0 0.185000 0.622500 0.242500 0.555000 0.998100\n"
            "1 0.125000 0.901000 0.250000 0.198000 0.500000\n");
  EXPECT_EQ(yolo_of(nothing(), words()), "");
}

// What the reader of such data sets makes of it.
TEST(DetectionText, VocIsReadBack) {
  const TestFolder folder;
  folder.write("JPEGImages/a,1.jpg", "");
  folder.write("Annotations/a,1.xml", voc_of(found(), words()));
  const AnnotatedPictures data = read_annotations({.path = folder.path(), .check = PictureCheck::kNone});
  ASSERT_EQ(data.pictures.size(), 1u);
  EXPECT_EQ(data.pictures[0].file, "a,1.jpg");
  EXPECT_EQ(data.pictures[0].width, 200);
  EXPECT_EQ(data.pictures[0].height, 100);
  ASSERT_EQ(data.pictures[0].objects.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const Annotation& object = data.pictures[0].objects[i];
    const Box want = words().box(found().objects[i], found());
    EXPECT_EQ(data.categories[static_cast<size_t>(object.category)].name, words().labels[i]);
    EXPECT_NEAR(object.box.x0, want.x0, 0.5);
    EXPECT_NEAR(object.box.y0, want.y0, 0.5);
    EXPECT_NEAR(object.box.x1, want.x1, 0.5);
    EXPECT_NEAR(object.box.y1, want.y1, 0.5);
  }
  EXPECT_EQ(voc_of(nothing(), words()).find("<object>"), std::string::npos);
  EXPECT_NE(voc_of(found(), words()).find("<folder>street</folder>\n\t<filename>a,1.jpg</filename>"),
            std::string::npos);
}

TEST(DetectionText, ClassesWithoutANameHaveANumber) {
  EXPECT_EQ(words().label(1), "a & <b>");
  EXPECT_EQ(words().label(7), "LABEL_7");
  EXPECT_EQ(words().category(7), std::nullopt);
}

std::vector<std::string> numbered(size_t count) {
  std::vector<std::string> labels;
  for (size_t i = 0; i < count; ++i) labels.push_back("thing " + std::to_string(i));
  return labels;
}

TEST(CategoryIds, AreCocosForItsCheckpoints) {
  std::vector<std::string> places = numbered(91);
  places[0] = places[12] = "N/A";
  EXPECT_EQ(category_ids(places)[18], 18);
  EXPECT_EQ(category_ids(places)[90], 90);
  std::vector<std::string> classes = numbered(80);
  classes.front() = "person";
  classes.back() = "toothbrush";
  const auto ids = category_ids(classes);
  ASSERT_EQ(ids.size(), 80u);
  EXPECT_EQ(ids[0], 1);
  EXPECT_EQ(ids[10], 11);
  EXPECT_EQ(ids[11], 13);  // COCO has no 12
  EXPECT_EQ(ids[16], 18);
  EXPECT_EQ(ids[79], 90);
  EXPECT_EQ(category_ids(numbered(80))[11], 12);
  EXPECT_EQ(category_ids(numbered(91))[0], 1);
  EXPECT_EQ(category_ids(numbered(3))[2], 3);
  EXPECT_TRUE(category_ids(std::vector<std::string>()).empty());
}

TEST(CategoryIds, AreTheDataSetsWhereOneIsGiven) {
  AnnotatedPictures data;
  data.categories = {{5, "thing 2"}, {9, "THING 0"}};
  const auto ids = category_ids(numbered(3), data);
  EXPECT_EQ(ids, (std::vector<std::optional<int64_t>>{9, std::nullopt, 5}));
}

AnnotatedPicture picture(int64_t id, const std::string& file) {
  AnnotatedPicture picture;
  picture.id = id;
  picture.file = file;
  return picture;
}

TEST(PictureIds, GoByTheEndOfThePath) {
  AnnotatedPictures data;
  data.pictures = {picture(7, "./val/1.jpg"), picture(8, "2.jpg"), picture(9, "train//1.jpg")};
  const PictureIds ids(data);
  EXPECT_EQ(ids["data/val/1.jpg"], 7);
  EXPECT_EQ(ids["val/./1.jpg"], 7);
  EXPECT_EQ(ids["train/1.jpg"], 9);
  EXPECT_EQ(ids["anywhere/2.jpg"], 8);
  EXPECT_EQ(ids["1.jpg"], std::nullopt);  // one of two
  EXPECT_EQ(ids["test/1.jpg"], std::nullopt);
  EXPECT_EQ(ids["12.jpg"], std::nullopt);
  EXPECT_EQ(ids[""], std::nullopt);
}

TEST(CocoOutput, CountsPicturesWhereNoDataSetDoes) {
  const TestFolder folder;
  std::ostringstream unused;
  Result failed = found();
  failed.input.failure = Failure{"truncated", "it is"};
  {
    CocoOutput coco(unused, {.folder = folder.path().string()}, words());
    coco.write(nothing());
    coco.write(failed);
    coco.write(frame());
    coco.finish();
  }
  EXPECT_EQ(unused.str(), "");
  EXPECT_EQ(read_file(folder / "detections.json"), "[\n" + coco_of(found(), words(), 2) + "\n]\n");
  EXPECT_EQ(read_file(folder / "images.json"),
            "{\"images\":[\n"
            R"({"id":1,"file_name":"street/a,1.jpg","width":200,"height":100},)"
            "\n"
            R"({"id":2,"file_name":"street/a,1.jpg","width":200,"height":100,"frame":417,"pts":13.914})"
            "\n],\n\"categories\":[\n"
            R"({"id":18,"name":"dog, big"})"
            "\n],\n\"annotations\":[]}\n");
}

TEST(CocoOutput, UsesTheDataSetsIds) {
  AnnotatedPictures data;
  data.pictures = {picture(42, "street/a,1.jpg")};
  const PictureIds ids(data);
  std::ostringstream out;
  CocoOutput coco(out, {.folder = "", .ids = &ids}, words());
  Result other = found();
  other.input.source = "b.jpg";
  coco.write(other);
  coco.write(found());
  coco.finish();
  EXPECT_EQ(out.str(), "[\n" + coco_of(found(), words(), 42) + "\n]\n");
  std::ostringstream none;
  CocoOutput empty(none, {.folder = "", .ids = &ids}, words());
  empty.finish();
  EXPECT_EQ(none.str(), "[]\n");
}

}  // namespace
}  // namespace fovea
