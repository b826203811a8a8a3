#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "tests/apps/process.h"

namespace fovea {
namespace {

std::string jpeg(int width, int height, int seed = 0) {
  std::vector<uint8_t> bytes;
  EXPECT_TRUE(cv::imencode(".jpg", cv::Mat(height, width, CV_8UC3, cv::Scalar(10 * seed, 120, 150)), bytes));
  return {bytes.begin(), bytes.end()};
}

// Three pictures for training and one for validation; two classes.
void write_yolo(const TestFolder& folder) {
  folder.write("yolo/data.yaml", "train: images/train\nval: images/val\nnames: [cat, dog]\n");
  const char* labels[] = {"0 0.5 0.5 0.5 0.5\n1 0.5 0.5 1 1\n", "0 0.25 0.25 0.5 0.5\n",
                          "0 0.5 0.5 0.25 0.5\n"};
  for (int i = 0; i < 3; ++i) {
    folder.write("yolo/images/train/" + std::to_string(i) + ".jpg", jpeg(64, 48, i));
    folder.write("yolo/labels/train/" + std::to_string(i) + ".txt", labels[i]);
  }
  folder.write("yolo/images/val/9.jpg", jpeg(64, 48, 9));
  folder.write("yolo/labels/val/9.txt", "1 0.5 0.5 0.5 0.5\n");
}

TEST(DataCheck, SummaryOfACleanSet) {
  const TestFolder folder;
  write_yolo(folder);
  const Outcome checked = shell(folder, "$fovea data check yolo");
  EXPECT_EQ(checked.code, 0);
  EXPECT_EQ(checked.err, "");
  EXPECT_EQ(checked.out,
            "yolo  yolo\n"
            "  train  3 pictures, 4 objects\n"
            "  val    1 picture, 1 object\n"
            "\n"
            "  cat  3 objects in 3 pictures\n"
            "  dog  2 objects in 2 pictures\n"
            "\n"
            "boxes        smallest 16 x 24, median 32 x 24, largest 64 x 48 pixels\n"
            "per picture  1 to 2, median 1\n"
            "\n"
            "no problems\n");
  EXPECT_EQ(shell(folder, "$fovea data check yolo --split val --decode").out.substr(0, 34),
            "yolo  yolo\n  val  1 picture, 1 obj");
}

TEST(DataCheck, WhatIsLeftOutEndsInThree) {
  const TestFolder folder;
  write_yolo(folder);
  folder.write("yolo/labels/train/2.txt",
               "0 0.5 0.5 0 0\n5 0.5 0.5 0.1 0.1\n0 0.9 0.5 0.5 0.5\n0 nan 0 0 0\n");
  folder.write("yolo/images/val/0.jpg", jpeg(64, 48).substr(0, 400));
  folder.write("yolo/images/val/1.jpg", jpeg(64, 48));
  const Outcome checked = shell(folder, "$fovea data check yolo --format json");
  EXPECT_EQ(checked.code, 3);
  EXPECT_EQ(checked.err, "fovea: yolo: 4 entries are left out\n");
  const nlohmann::json report = nlohmann::json::parse(checked.out);
  EXPECT_EQ(report["schema"], "fovea.data_check/1");
  EXPECT_EQ(report["left_out"], 4);
  EXPECT_EQ(report["repaired"], 1);
  EXPECT_EQ(report["splits"][1], (nlohmann::json{{"name", "val"}, {"pictures", 2}, {"objects", 1}}));
  EXPECT_EQ(report["shared"][0]["files"], nlohmann::json({"1.jpg"}));
  EXPECT_EQ(report["problems"][0]["code"], "bad_box");
  EXPECT_EQ(report["problems"][0]["kind"], "left out");
  EXPECT_EQ(report["problems"][0]["count"], 2);
  EXPECT_EQ(report["problems"][0]["messages"][0], "labels/train/2.txt: 'cat': the box 32 24 32 24 is empty");
  const Outcome text = shell(folder, "$fovea data check yolo");
  EXPECT_EQ(text.code, 3);
  EXPECT_NE(text.out.find("\nleft out  bad_box  2\n  labels/train/2.txt: "), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("\nshared       1 file name in train and val\n"), std::string::npos) << text.out;
}

TEST(DataCheck, ASplitThatIsNotThereLeavesTheOthers) {
  const TestFolder folder;
  write_yolo(folder);
  std::filesystem::remove_all(folder.path() / "yolo/images/train");
  const Outcome checked = shell(folder, "$fovea data check yolo --format json");
  EXPECT_EQ(checked.code, 3);
  EXPECT_EQ(checked.err, "fovea: yolo: 1 entry is left out\n");
  const nlohmann::json report = nlohmann::json::parse(checked.out);
  ASSERT_EQ(report["splits"].size(), 1u);
  EXPECT_EQ(report["splits"][0]["name"], "val");
  EXPECT_EQ(report["problems"][0]["code"], "bad_split");
  EXPECT_EQ(report["problems"][0]["messages"][0].get<std::string>().substr(0, 7), "train: ");
  std::filesystem::remove_all(folder.path() / "yolo/images/val");
  const Outcome none = shell(folder, "$fovea data check yolo");
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("there is no such folder or list of pictures"), std::string::npos) << none.err;
}

TEST(DataCheck, ExportsOfCoco) {
  const TestFolder folder;
  for (const std::string split : {"train", "valid"}) {
    folder.write("coco/" + split + "/a.jpg", jpeg(64, 48));
    folder.write("coco/" + split + "/_annotations.coco.json",
                 R"({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"id": 1, "image_id": 1,
                     "category_id": 1, "bbox": [1, 2, 30, 40]}],
                     "categories": [{"id": 0, "name": "cells", "supercategory": "none"},
                                    {"id": 1, "name": "red", "supercategory": "cells"}]})");
  }
  const Outcome checked = shell(folder, "$fovea data check coco");
  EXPECT_EQ(checked.code, 0);
  EXPECT_EQ(checked.err, "");
  EXPECT_EQ(checked.out.substr(0, checked.out.find("boxes")),
            "coco  coco\n  train  1 picture, 1 object\n  valid  1 picture, 1 object\n\n"
            "  red  2 objects in 2 pictures\n\n");
  EXPECT_NE(checked.out.find("\nnoted  parent_category  1\n"), std::string::npos) << checked.out;
}

TEST(DataCheck, NotesAndRepairsEndInZeroUnlessStrict) {
  const TestFolder folder;
  write_yolo(folder);
  folder.write("yolo/labels/val/9.txt", "0 0.9 0.5 0.5 0.5\n");
  folder.write("yolo/images/val/empty.jpg", jpeg(64, 48));
  const Outcome checked = shell(folder, "$fovea data check yolo");
  EXPECT_EQ(checked.code, 0);
  EXPECT_NE(checked.out.find("\nrepaired  clipped_box  1\n"), std::string::npos) << checked.out;
  EXPECT_NE(checked.out.find("\nnoted  no_objects  1\n"), std::string::npos) << checked.out;
  EXPECT_EQ(shell(folder, "$fovea data check yolo --strict").code, 3);
  EXPECT_EQ(shell(folder, "$fovea data check yolo --strict --split train").code, 0);
}

TEST(DataCheck, ClassesThatTrainingRefusesOrCannotLearn) {
  const TestFolder folder;
  for (const char* name : {"folders/cat/1.jpg", "folders/dog/1.jpg", "folders/dog/2.jpg",
                           "folders/two\nlines/1.jpg", "folders/two\nlines/2.jpg"})
    folder.write(name, jpeg(64, 48));
  folder.write("folders/dog/moving.gif", "x");
  for (int i = 0; i < 9; ++i) folder.write("folders/dog/bad" + std::to_string(i) + ".jpg", "x");
  const Outcome checked = shell(folder, "$fovea data check folders --format json");
  ASSERT_EQ(checked.code, 3) << checked.err;
  std::map<std::string, nlohmann::json> messages;
  const nlohmann::json report = nlohmann::json::parse(checked.out);
  for (const nlohmann::json& problem : report.at("problems"))
    messages[problem.at("code")] = problem.at("messages");
  EXPECT_EQ(messages.at("one_picture").at(0),
            "class 'cat' has one picture: too few to learn it, or to hold out");
  EXPECT_EQ(messages.at("other_file").at(0),
            "'dog/moving.gif' is not read: no file, or no picture by its name");
  EXPECT_EQ(messages.at("class_name").size(), 1u);
  EXPECT_EQ(messages.at("bad_picture").size(), 9u);  // every one
}

TEST(DataCheck, WhatIsNoDataSetEndsInTwo) {
  const TestFolder folder;
  write_yolo(folder);
  folder.write("empty/a.txt", "");
  folder.write("broken.json", "{\"images\": [");
  const std::pair<const char*, const char*> wrong[] = {
      {"gone", "fovea: 'gone': there is no such file or folder; check the path\n"},
      {"broken.json", "fovea: 'broken.json': ends early, at byte 12; get a complete copy\n"},
      {"yolo --split test", "fovea: 'yolo': no split 'test'; it has train, val\n"},
      {"", "fovea: fovea data check: no data set given; name its folder or file\n"},
  };
  for (const auto& [arguments, line] : wrong) {
    const Outcome outcome = shell(folder, std::string("$fovea data check ") + arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_EQ(outcome.err, line);
    EXPECT_EQ(outcome.out, "");
  }
  const Outcome empty = shell(folder, "$fovea data check empty");
  EXPECT_EQ(empty.code, 2);
  EXPECT_NE(empty.err.find("fovea: 'empty': no data set; give COCO's"), std::string::npos) << empty.err;
  folder.write("lacking/cat/1.jpg", jpeg(32, 32));
  folder.write("lacking/dog/a.txt", "");
  const Outcome lacking = shell(folder, "$fovea data check lacking");
  EXPECT_EQ(lacking.code, 2);
  EXPECT_NE(lacking.err.find("(as that: 'lacking': class 'dog' has no pictures, but 'dog/a.txt', "),
            std::string::npos)
      << lacking.err;
}

TEST(DataCheck, FoldersOfClasses) {
  const TestFolder folder;
  for (const char* name :
       {"train/cat/1.jpg", "train/dog/2.jpg", "train/dog/3.jpg", "val/cat/3.jpg", "val/dog/2.jpg"})
    folder.write(std::string("data/") + name, jpeg(32, 32));
  for (const char* split : {"train", "val"})  // of one name, but not the same picture
    folder.write(std::string("data/") + split + "/cat/4.jpg", jpeg(32, 32, split[0] == 't' ? 1 : 2));
  const Outcome good = shell(folder, "$fovea data check data");
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(
      good.out,
      "data  folders\n  train  4 pictures\n  val    3 pictures\n\n  cat  4 pictures\n  dog  3 pictures\n"
      "\nshared       1 file name in train and val\n\nnoted  shared_file  1\n"
      "  'dog/2.jpg' is in train and in val\n");
  folder.write("data/val/dog/5.jpg", "no picture");
  const Outcome bad = shell(folder, "$fovea data check data --split val --format json");
  EXPECT_EQ(bad.code, 3);
  EXPECT_EQ(nlohmann::json::parse(bad.out)["problems"][0]["code"], "bad_picture");
}

TEST(DataCheck, ClassesThatSplitsDoNotShare) {
  const TestFolder folder;
  for (const char* name : {"train/bird/1.jpg", "train/cat/1.jpg", "train/dog/1.jpg", "val/cat/1.jpg",
                           "val/dog/1.jpg", "val/emu/1.jpg"})
    folder.write(std::string("data/") + name, jpeg(32, 32, name[0] + name[4] + name[6]));
  const Outcome checked = shell(folder, "$fovea data check data");
  EXPECT_EQ(checked.code, 0);
  EXPECT_NE(
      checked.out.find("\n  bird  1 picture\n  cat   2 pictures\n  dog   2 pictures\n  emu   1 picture\n"),
      std::string::npos)
      << checked.out;
  EXPECT_NE(checked.out.find("val: class 'emu' is refused: it is none of train"), std::string::npos)
      << checked.out;
  EXPECT_NE(checked.out.find("val: class 'bird' has no folder, as it has in train"), std::string::npos)
      << checked.out;
  EXPECT_EQ(shell(folder, "$fovea data check data --strict").code, 3);
  folder.write("one/cat/1.jpg", jpeg(32, 32));
  EXPECT_NE(shell(folder, "$fovea data check one").out.find("noted  one_class  1\n  'cat' is the only class"),
            std::string::npos);
}

TEST(DataCheck, BloodCells) {
  const std::filesystem::path data = FOVEA_SOURCE_DIR "/../shared/datasets/bccd";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no " << data << ": the reference folder is absent";
  const TestFolder folder;
  const Outcome checked = shell(folder, "$fovea data check " + data.string() + " --format json");
  EXPECT_EQ(checked.code, 0);
  const nlohmann::json report = nlohmann::json::parse(checked.out);
  EXPECT_EQ(report["format"], "voc");
  EXPECT_EQ(report["splits"][0], (nlohmann::json{{"name", "train"}, {"pictures", 205}, {"objects", 2805}}));
  EXPECT_EQ(report["splits"].size(), 3u);
  EXPECT_EQ(report["categories"][0],
            (nlohmann::json{{"id", 1}, {"name", "Platelets"}, {"objects", 361}, {"pictures", 201}}));
  EXPECT_EQ(report["categories"][1]["objects"], 4155);
  EXPECT_EQ(report["categories"][2]["objects"], 372);
  EXPECT_EQ(report["shared"], nlohmann::json::array());
}

}  // namespace
}  // namespace fovea
