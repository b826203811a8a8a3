#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "attention/checkpoint/safetensors.h"
#include "tests/apps/training_data.h"

namespace fovea {
namespace {

class TrainOnBadInput : public TrainingData {};

TEST_F(TrainOnBadInput, ALossThatIsNoNumberEndsIt) {
  ASSERT_EQ(train("--epochs 2 -o run").code, 0);
  const std::string model = text("run/model.safetensors");
  const Outcome outcome = train("--epochs 2 -o wild --lr 1e12");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("not finite in epoch 1, step "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("lower --lr or add --clip-norm"), std::string::npos) << outcome.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "wild/model.safetensors"));
  EXPECT_EQ(train("--epochs 2 -o run --force --lr 1e12").code, 2);
  EXPECT_EQ(train("--epochs 2 -o run --force --rand-augment 2,99").code, 2);
  EXPECT_EQ(train("--epochs 2 -o run --force --mixup nan").code, 2);
  EXPECT_EQ(text("run/model.safetensors"), model);
}

TEST_F(TrainOnBadInput, ACorruptPictureIsNamedAndSkipped) {
  folder.write("data/train/red/bad.png", "this is no picture");
  folder.write("data/test/red/worse.png", "this is none either");
  const Outcome skipped = run(kTrain.substr(0, kTrain.find("--batch")) + "--epochs 2 -o run --batch 37");
  EXPECT_EQ(skipped.code, 3) << skipped.err;
  EXPECT_NE(skipped.err.find("data/train/red/bad.png"), std::string::npos) << skipped.err;
  EXPECT_NE(skipped.err.find("data/test/red/worse.png"), std::string::npos) << skipped.err;
  EXPECT_NE(skipped.err.find("2 pictures could not be read"), std::string::npos) << skipped.err;
  EXPECT_EQ(numbers_of(text("run/metrics.csv")).size(), 2u);
  const Outcome stopped =
      run(kTrain.substr(0, kTrain.find("--batch")) + "--epochs 2 -o other --batch 37 --on-error fail");
  EXPECT_EQ(stopped.code, 3);
  EXPECT_NE(stopped.err.find("data/train/red/bad.png"), std::string::npos) << stopped.err;
}

TEST_F(TrainOnBadInput, HeldOutPicturesOfWhichNoneCanBeReadMeasureNothing) {
  ASSERT_EQ(train("--epochs 1 -o base").code, 0);
  folder.write("data/train/red/bad.png", "this is no picture");
  std::filesystem::remove_all(folder / "data/test");
  folder.write("data/test/red/worse.png", "this is none either");
  for (const std::string how : {"-m vit/config.json", "-m base --freeze backbone"}) {
    const Outcome outcome =
        run("$fovea train classify --data data --epochs 2 --batch 37 -o run --force " + how);
    EXPECT_EQ(outcome.code, 3) << outcome.err;
    EXPECT_NE(outcome.err.find("data/train/red/bad.png"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("data/test/red/worse.png"), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find("held out:"), std::string::npos) << outcome.err;
    const auto rows = numbers_of(text("run/metrics.csv"));
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_GT(rows[1][3], 0);
    EXPECT_TRUE(std::isnan(rows[1][5]) && std::isnan(rows[1][6])) << text("run/metrics.csv");
    EXPECT_TRUE(std::filesystem::exists(folder / "run/model.safetensors"));
  }
}

TEST_F(TrainOnBadInput, DataThatTeachNothing) {
  std::filesystem::create_directories(folder / "data/train/yellow");
  const Outcome empty = train("-o run");
  EXPECT_EQ(empty.code, 2);
  EXPECT_NE(empty.err.find("yellow"), std::string::npos) << empty.err;
  folder.write("one/red/1.ppm", ppm(16, 16, 1));
  const Outcome one = run("$fovea train classify --data one -m vit/config.json -o run");
  EXPECT_EQ(one.code, 2);
  EXPECT_NE(one.err.find("fovea: one: has one class only, 'red'; "), std::string::npos) << one.err;
  for (const std::string name : {"new\nline", "latin \xe9t\xe9"}) {
    std::filesystem::copy(folder / "data", folder / "odd", std::filesystem::copy_options::recursive);
    std::filesystem::remove(folder / "odd/train/yellow");
    folder.write("odd/train/" + name + "/1.ppm", ppm(16, 16, 1));
    const Outcome odd = run("$fovea train classify --data odd -m vit/config.json -o run");
    EXPECT_EQ(odd.code, 2);
    EXPECT_NE(odd.err.find("fovea: odd: the folder of class '"), std::string::npos) << odd.err;
    EXPECT_EQ(std::ranges::count(odd.err, '\n'), 1) << odd.err;
    std::filesystem::remove_all(folder / "odd");
  }
  const Outcome none = run("$fovea train classify --data nowhere -m vit/config.json -o run");
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("nowhere"), std::string::npos) << none.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_F(TrainOnBadInput, WhatIsTrainedOnIsNotHeldOut) {
  for (const std::string split : {"train", "training", "Train"}) {
    const Outcome outcome = train("--epochs 1 -o run --split " + split);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err,
              "fovea: data: --split " + split + " is what is trained on; hold out another one\n");
  }
}

TEST_F(TrainOnBadInput, ARunInItsOwnDataIsRefused) {
  const Outcome here = run("cd data && $fovea train classify --data . -m ../vit/config.json --epochs 1");
  EXPECT_EQ(here.code, 2);
  EXPECT_EQ(here.err, "fovea: run: lies in the data, of which it would become a part; choose another -o\n");
  for (const char* place : {"data/run", "data/train/run"}) {
    const Outcome inside = train(std::string("--epochs 1 -o ") + place);
    EXPECT_EQ(inside.code, 2);
    EXPECT_NE(inside.err.find(": lies in the data, of which it would become a part; choose another -o"),
              std::string::npos)
        << inside.err;
    EXPECT_FALSE(std::filesystem::exists(folder / place));
  }
}

TEST_F(TrainOnBadInput, WhatIsNoPictureByItsNameIsTold) {
  folder.write("data/train/red/moving.gif", "GIF89a");
  const Outcome told = train("--epochs 1 -o run");
  EXPECT_EQ(told.code, 0);
  EXPECT_NE(
      told.err.find("data: 1 file is not read: 'red/moving.gif' is no file, or no picture by its name; "),
      std::string::npos)
      << told.err;
}

TEST_F(TrainOnBadInput, AClassThatIsHeldOutButNotLearntIsNamed) {
  folder.write("data/test/yellow/1.ppm", colour_ppm({200, 200, 30}, 1));
  const Outcome lacking = train("--epochs 1 -o run");
  EXPECT_EQ(lacking.code, 2);
  EXPECT_NE(lacking.err.find("data: class 'yellow' is in test, but not in what is trained on"),
            std::string::npos)
      << lacking.err;
}

TEST_F(TrainOnBadInput, AModelThatHoldsNoNumberIsUnusable) {
  ASSERT_EQ(train("--epochs 1 -o sound").code, 0);
  ASSERT_EQ(run("cp -r sound ill").code, 0);
  std::map<std::string, Tensor> tensors;
  const Safetensors sound(folder / "sound/model.safetensors");
  for (const std::string& name : sound.names()) tensors[name] = sound.read(name);
  tensors.at("classifier.bias").mutable_data()[0] = NAN;
  save_safetensors(folder / "ill/model.safetensors", tensors);
  const Outcome further = run("$fovea train classify --data data -m ill --epochs 1 -o run");
  EXPECT_EQ(further.code, 4);
  EXPECT_NE(further.err.find("fovea: ill: 'head.bias' holds nan, "), std::string::npos) << further.err;
  const Outcome taught = train("--epochs 1 --teacher ill -o run");
  EXPECT_EQ(taught.code, 4);
  EXPECT_NE(taught.err.find("fovea: ill: what it says of a picture is not finite; "), std::string::npos)
      << taught.err;
  const Outcome scored = run("$fovea eval classify --data data --split test -m ill");
  EXPECT_EQ(scored.code, 4);
  EXPECT_NE(scored.err.find("fovea: ill: what it says of a picture is not finite; "), std::string::npos)
      << scored.err;
}

TEST_F(TrainOnBadInput, ASizeThatTheModelCannotTakeIsSaid) {
  ASSERT_EQ(train("--epochs 1 -o base").code, 0);
  for (const char* how : {" --flip 0.5", " --freeze backbone"}) {
    const Outcome tiny = run(std::string("$fovea train classify --data data -m base --size 4 -o run") + how);
    EXPECT_EQ(tiny.code, 2) << how;
    EXPECT_NE(tiny.err.find("--size: pictures of 4 x 4 do not suit the model: "), std::string::npos)
        << tiny.err;
  }
}

TEST_F(TrainOnBadInput, WhoCannotTeachIsRefused) {
  ASSERT_EQ(run("mkdir two && cp -r data/train/blue data/train/red two").code, 0);
  ASSERT_EQ(run("$fovea train classify --data two -m vit/config.json --epochs 1 -o teacher").code, 0);
  const Outcome lacking = train("--teacher teacher -o run");
  EXPECT_EQ(lacking.code, 4);
  EXPECT_NE(lacking.err.find("teacher: cannot teach, it has no class 'green'"), std::string::npos)
      << lacking.err;
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
  EXPECT_EQ(train("--teacher nobody -o run").code, 4);
  ASSERT_EQ(train("--epochs 1 -o able").code, 0);
  const Outcome over = train("--teacher able -o able --force");
  EXPECT_EQ(over.code, 2);
  EXPECT_NE(over.err.find("able: is the teacher, and would be lost"), std::string::npos) << over.err;
  EXPECT_EQ(train("--teacher-weight 0.3 -o run").code, 2);
}

}  // namespace
}  // namespace fovea
