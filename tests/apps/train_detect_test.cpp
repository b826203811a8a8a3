#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/process.h"
#include "tests/support/painted_boxes.h"

namespace fovea {
namespace {

using Json = nlohmann::json;

// "instances_train.json" and "instances_val.json" with their pictures; "config.json".
class TrainDetect : public testing::Test {
 protected:
  TrainDetect() {
    write_painted_boxes(folder.path(), "train", 8, 1);
    write_painted_boxes(folder.path(), "val", 4, 2);
    write_tiny_detector(folder.path() / "config.json");
  }
  Outcome run(const std::string& line) const { return shell(folder, line); }
  Outcome train(const std::string& options) const { return run(kTrain + options); }
  std::string text(const std::string& name) const { return read_file(folder / name); }

  const std::string kTrain =
      "$fovea train detect --data instances_train.json --held-out instances_val.json -m config.json --size "
      "64x96 --batch 4 ";
  TestFolder folder;
};

TEST_F(TrainDetect, MakesAModelThatDetects) {
  const Outcome outcome = train("--epochs 2 --eval-every 2 -o run");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("8 pictures are few to learn a detector from nothing"), std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.out.find("run: 2 epochs, held-out mAP50 "), std::string::npos) << outcome.out;
  EXPECT_TRUE(text("run/metrics.csv")
                  .starts_with("epoch,step,learning_rate,train_loss,train_class_accuracy,held_out_map,"
                               "held_out_map50,seconds,images_per_second\n1,2,"));
  EXPECT_EQ(text("run/curves.png").substr(1, 3), "PNG");
  const Json record = Json::parse(text("run/training.json"));
  EXPECT_EQ(record.at("classes"), Json({"red", "blue"}));
  EXPECT_EQ(record.at("pictures"), 8);
  EXPECT_EQ(record.at("held_out").at("pictures"), 4);
  EXPECT_EQ(record.at("options").at("--lr"), "0.0005");
  const Outcome found = run("$fovea detect val/1.ppm -m run --threshold 0 --json");
  ASSERT_EQ(found.code, 0) << found.err;
  EXPECT_FALSE(Json::parse(found.out).at("objects").empty());
  const Outcome further =
      run("$fovea train detect --data instances_train.json --held-out instances_val.json -m run --epochs 1 "
          "-o more");
  EXPECT_EQ(further.code, 0) << further.err;
  EXPECT_NE(further.err.find("8 pictures are few to train a detector on"), std::string::npos) << further.err;
  EXPECT_EQ(Json::parse(text("more/training.json")).at("options").at("--backbone-lr-scale"), "0.1");
}

TEST_F(TrainDetect, SameBitsForAnyThreadCountAndWhereverItWasCut) {
  const std::string options =
      "--epochs 3 --scale 0.8,1.2 --mosaic 0.3 --colour-jitter 0.2 --sharpness-aware 0.2 --checkpoint-steps "
      "1 ";
  ASSERT_EQ(train(options + "--threads 1 -o one").code, 0);
  ASSERT_EQ(train(options + "--threads 2 -o two").code, 0);
  EXPECT_EQ(text("one/model.safetensors"), text("two/model.safetensors"));
  for (const char* seconds : {"0.2", "0.4"})
    run(kTrain + options + "-o cut --resume & pid=$!; sleep " + seconds + "; kill -9 $pid; wait $pid");
  const Outcome last = train(options + "-o cut --resume");
  ASSERT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(text("one/model.safetensors"), text("cut/model.safetensors"));
  const Outcome other = train(options + "--denoising 0 -o cut --resume");
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.err.find("--denoising was 100 and is 0"), std::string::npos) << other.err;
}

TEST_F(TrainDetect, AnInterruptSavesAndSaysHowToGoOn) {
  const Outcome stopped =
      run(kTrain + "--epochs 300 -o cut -q & pid=$!\n" +
          "while [ ! -e cut/metrics.csv ]; do sleep 0.01; done; kill -INT $pid; wait $pid");
  EXPECT_EQ(stopped.code, 130) << stopped.err;
  EXPECT_NE(stopped.err.find("go on with: fovea train detect"), std::string::npos) << stopped.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "cut/training_state.safetensors"));
}

TEST_F(TrainDetect, WhatCannotBeTrainedIsSaid) {
  const Outcome wild = train("--epochs 2 -o wild --lr 1e12");
  EXPECT_EQ(wild.code, 2);
  EXPECT_NE(wild.err.find("not finite in epoch 1, step "), std::string::npos) << wild.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "wild/model.safetensors"));
  write_painted_boxes(folder.path(), "one", 1, 3);
  const Outcome one =
      run("$fovea train detect --data instances_one.json -m config.json --size 64x96 --epochs 1 -o single");
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_NE(one.err.find("1 picture is few to learn"), std::string::npos) << one.err;
  EXPECT_NE(one.err.find("nothing is held out"), std::string::npos) << one.err;
  const Outcome size = run("$fovea train detect --data instances_train.json -m config.json --size 64 -o run");
  EXPECT_EQ(size.code, 2);
  EXPECT_NE(size.err.find("--size: '64' is no size; write HxW"), std::string::npos) << size.err;
  const Outcome scale = train("--scale 2,1 -o run");
  EXPECT_EQ(scale.code, 2);
  EXPECT_NE(scale.err.find("--scale: '2,1' is not LOW,HIGH"), std::string::npos) << scale.err;
  const Outcome layer = train("--freeze bakbone -o run");
  EXPECT_EQ(layer.code, 2);
  EXPECT_NE(layer.err.find("did you mean 'backbone'?"), std::string::npos) << layer.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_F(TrainDetect, WhatCannotStartLeavesTheOldRunAsItWas) {
  ASSERT_EQ(train("--epochs 2 --eval-every 2 -o run").code, 0);
  const char* files[] = {"run/model.safetensors", "run/training_state.safetensors",
                         "run/metrics.csv",       "run/curves.png",
                         "run/config.json",       "run/training.json"};
  std::vector<std::string> before;
  for (const char* file : files) before.push_back(text(file));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"--scale 0.0001,1000", "--scale: '0.0001,1000' is not LOW,HIGH"},
      {"--scale 0.5,inf", "--scale: '0.5,inf' is not LOW,HIGH"},
      {"--flip nan", "--flip: nan is no number from 0 to 1"},
      {"--lr nan", "--lr: nan is no number"},
      {"--lr 1e12 --batch 2 --size 64x96", "lower --lr"},
      {"--size 1x1", "--size: pictures of 1 x 1 do not suit the model"},
      {"--held-out-images val", "--held-out-images val: --held-out names no annotation file"},
      {"--held-out instances_train.json", "8 of 8 held-out pictures are trained on as well"}};
  for (const auto& [options, reason] : cases) {
    const Outcome refused =
        run("$fovea train detect --data instances_train.json -m config.json --epochs 2 -o run --force " +
            options);
    EXPECT_EQ(refused.code, 2) << options << refused.err;
    EXPECT_NE(refused.err.find(reason), std::string::npos) << options << ": " << refused.err;
  }
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(text(files[i]) == before[i]) << files[i];
  EXPECT_EQ(train("--epochs 2 --eval-every 2 -o run --force --seed 3").code, 0);
  EXPECT_TRUE(text("run/model.safetensors") != before[0]);
}

TEST_F(TrainDetect, AMissingPictureIsNamedAndEndsItWithThree) {
  std::filesystem::remove(folder / "train/3.ppm");
  const Outcome outcome =
      run("$fovea train detect --data instances_train.json -m config.json --size 64x96 "
          "--batch 4 --epochs 1 -o run");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  const size_t first = outcome.err.find("train/3.ppm");
  EXPECT_NE(first, std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("train/3.ppm", first + 5), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("1 picture could not be read and had no part in it"), std::string::npos)
      << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "run/model.safetensors"));
  const Outcome stopped = train("--epochs 1 -o other --on-error fail");
  EXPECT_EQ(stopped.code, 3) << stopped.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "other"));
}

}  // namespace
}  // namespace fovea
