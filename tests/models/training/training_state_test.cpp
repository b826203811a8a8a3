#include "models/training/training_state.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "attention/base/error.h"
#include "attention/checkpoint/safetensors.h"
#include "models/training/classification_task.h"
#include "models/training/run_folder.h"
#include "tests/support/message.h"
#include "tests/support/temp_folder.h"

namespace fovea {
namespace {

const std::vector<Measure> kMeasures = classification_measures();

TrainingState some_state() {
  TrainingState state;
  state.options = {{"--lr", "0.1"}, {"--freeze", ""}};
  state.epoch = 3;
  state.step = 17;
  state.loss_sum = 0.1 + 0.2;  // its last bit must survive
  state.score_sum = 5;
  state.seen = 9;
  state.seconds = 1.25;
  state.epochs = {
      {.epoch = 1, .step = 20, .learning_rate = 0.5, .values = {1.0 / 3, 0.5, EpochMetrics::kNone, 0.25}}};
  state.unreadable = {{"cat/1.png", "cat/1.png: is \"empty\""}};
  state.tensors["model.a"] = Tensor({2}, std::vector<float>{1.5f, -0.0f});
  return state;
}

TEST(TrainingState, ComesBackAsItWas) {
  const TempFolder folder;
  const TrainingState was = some_state();
  save_training_state(folder.path() / "state", was);
  const TrainingState is = read_training_state(folder.path() / "state");
  EXPECT_EQ(is.options, was.options);
  EXPECT_EQ(is.epoch, 3);
  EXPECT_EQ(is.step, 17);
  EXPECT_EQ(is.loss_sum, was.loss_sum);
  EXPECT_EQ(is.score_sum, 5);
  EXPECT_EQ(is.seen, 9);
  EXPECT_EQ(is.seconds, 1.25);
  EXPECT_EQ(is.unreadable, was.unreadable);
  EXPECT_EQ(metrics_table(kMeasures, is.epochs), metrics_table(kMeasures, was.epochs));
  ASSERT_EQ(is.epochs[0].values.size(), 4u);
  EXPECT_EQ(is.epochs[0].values[0], 1.0 / 3);
  EXPECT_TRUE(std::isnan(is.epochs[0].values[2]));
  EXPECT_EQ(is.epochs[0].values[3], 0.25);
  EXPECT_EQ(is.tensors.at("model.a").data()[0], 1.5f);
  EXPECT_TRUE(std::signbit(is.tensors.at("model.a").data()[1]));
}

TEST(TrainingState, NamesThatAreNoUtf8StayAlike) {
  const TempFolder folder;
  TrainingState was = some_state();
  was.options["--model"] = "mod\xe8le.json";
  save_training_state(folder.path() / "state", was);
  const TrainingState is = read_training_state(folder.path() / "state");
  EXPECT_EQ(first_difference(is.options, was.options), "");
  EXPECT_NE(first_difference(is.options, some_state().options), "");
  EXPECT_EQ(as_kept("caf\xc3\xa9"), "caf\xc3\xa9");
}

TEST(TrainingState, AnotherFileIsNone) {
  const TempFolder folder;
  save_safetensors(folder.path() / "model", {{"a", Tensor::full({1}, 1)}});
  EXPECT_THROW(read_training_state(folder.path() / "model"), Error);
  save_safetensors(folder.path() / "odd", {{"a", Tensor::full({1}, 1)}}, {{"training", "{\"format\":1}"}});
  EXPECT_THROW(read_training_state(folder.path() / "odd"), Error);
  save_training_state(folder.path() / "cut", some_state());
  std::filesystem::resize_file(folder.path() / "cut", std::filesystem::file_size(folder.path() / "cut") - 3);
  EXPECT_EQ(message([&] { read_training_state(folder.path() / "cut"); }),
            (folder.path() / "cut").string() +
                ": is damaged, so that nothing can go on from it; start anew with --force");
}

TEST(RunFolder, ATeachersWordIsKeptUnderItsKey) {
  const TempFolder folder;
  RunFolder run(folder.path() / "run", RunFolder::Start::kNew);
  EXPECT_FALSE(run.teacher("a"));
  run.write_teacher("a", Tensor({1, 2}, std::vector<float>{1, 2}));
  EXPECT_EQ(run.teacher("a").data()[1], 2);
  EXPECT_FALSE(run.teacher("b"));
  std::filesystem::resize_file(run.path() / "teacher.safetensors", 9);
  EXPECT_FALSE(run.teacher("a"));
}

TEST(RunFolder, ATeachersWordWaitsWhereARunIsReplaced) {
  const TempFolder folder;
  const auto run = folder.path() / "run";
  { RunFolder(run, RunFolder::Start::kNew).write(some_state()); }
  RunFolder forced(run, RunFolder::Start::kForce);
  forced.write_teacher("a", Tensor({1, 2}, std::vector<float>{1, 2}));
  EXPECT_EQ(read_training_state(run / "training_state.safetensors").step, 17);
  EXPECT_FALSE(std::filesystem::exists(run / "teacher.safetensors"));
  forced.write_model({{"a", Tensor::full({1}, 1)}});
  EXPECT_FALSE(std::filesystem::exists(run / "training_state.safetensors"));
  EXPECT_EQ(forced.teacher("a").data()[1], 2);
}

TEST(RunFolder, GoesOnOverNothingThatIsNoRuns) {
  const TempFolder folder;
  for (const char* file : {"model.safetensors", "model.safetensors.index.json", "config.json"}) {
    const auto place = folder.path() / file;
    std::filesystem::create_directory(place);
    std::ofstream(place / file) << "mine";
    EXPECT_NE(message([&] { RunFolder(place, RunFolder::Start::kResume); }).find("choose another -o"),
              std::string::npos)
        << file;
  }
}

TEST(TrainingState, NamesTheOptionThatDiffers) {
  EXPECT_EQ(first_difference({{"--lr", "0.1"}}, {{"--lr", "0.1"}}), "");
  EXPECT_EQ(first_difference({{"--lr", "0.1"}}, {{"--lr", "0.2"}}), "--lr was 0.1 and is 0.2");
  EXPECT_EQ(first_difference({{"--size", ""}}, {{"--size", "64"}}), "--size was not given and is 64");
}

TEST(RunFolder, KeepsWhatIsNotItsOwn) {
  const TempFolder folder;
  const auto run = folder.path() / "run";
  RunFolder(run, RunFolder::Start::kNew).write(some_state());
  std::ofstream(run / "notes.txt") << "mine";
  std::ofstream(run / "model.safetensors.77.0.tmp") << "half";
  EXPECT_THROW(RunFolder(run, RunFolder::Start::kNew), Error);
  EXPECT_EQ(RunFolder(run, RunFolder::Start::kResume).state()->step, 17);
  EXPECT_FALSE(std::filesystem::exists(run / "model.safetensors.77.0.tmp"));
  RunFolder forced(run, RunFolder::Start::kForce);
  EXPECT_FALSE(forced.state().has_value());
  forced.write(some_state());
  EXPECT_TRUE(std::filesystem::exists(run / "notes.txt"));
}

std::string text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(RunFolder, TheOldRunStaysWholeUntilTheNewOneHasSomethingToSave) {
  const TempFolder folder;
  const auto run = folder.path() / "run";
  {
    RunFolder first(run, RunFolder::Start::kNew);
    first.write_text("config.json", "old");
    first.write(some_state());
    first.write_model({{"a", Tensor::full({1}, 1)}});
    first.write_metrics(kMeasures, some_state().epochs);
  }
  const std::string model = text(run / "model.safetensors");

  RunFolder second(run, RunFolder::Start::kForce);
  second.write_text("config.json", "new");
  second.write_text("training.json", "new");
  EXPECT_EQ(text(run / "config.json"), "old");
  EXPECT_FALSE(std::filesystem::exists(run / "training.json"));
  EXPECT_EQ(text(run / "model.safetensors"), model);
  EXPECT_TRUE(std::filesystem::exists(run / "curves.png"));
  EXPECT_EQ(read_training_state(run / "training_state.safetensors").step, 17);

  TrainingState state = some_state();
  state.step = 18;
  second.write(state);
  EXPECT_EQ(second.state()->step, 18);
  EXPECT_EQ(text(run / "config.json"), "new");
  EXPECT_EQ(text(run / "training.json"), "new");
  for (const char* gone : {"model.safetensors", "metrics.csv", "curves.png"})
    EXPECT_FALSE(std::filesystem::exists(run / gone)) << gone;
}

TEST(RunFolder, IsOneRunsAtATime) {
  const TempFolder folder;
  const auto run = folder.path() / "run";
  {
    RunFolder first = RunFolder(run, RunFolder::Start::kNew);
    first.write(some_state());
    std::ofstream(run / "model.safetensors.77.0.tmp") << "half";
    for (const auto start : {RunFolder::Start::kResume, RunFolder::Start::kForce})
      EXPECT_EQ(message([&] { RunFolder(run, start); }),
                run.string() + ": another run is writing there; wait until it ends, or choose another -o");
    EXPECT_TRUE(std::filesystem::exists(run / "model.safetensors.77.0.tmp"));
  }
  EXPECT_EQ(RunFolder(run, RunFolder::Start::kResume).state()->step, 17);
}

TEST(RunFolder, AModelWithoutAStateIsNotResumed) {
  const TempFolder folder;
  std::ofstream(folder.path() / "model.safetensors") << "a checkpoint";
  EXPECT_THROW(RunFolder(folder.path(), RunFolder::Start::kResume), Error);
  EXPECT_EQ(text(folder.path() / "model.safetensors"), "a checkpoint");
}

TEST(RunFolder, MetricsTable) {
  const std::vector<EpochMetrics> epochs = {{.epoch = 1,
                                             .step = 20,
                                             .learning_rate = static_cast<double>(0.1f),
                                             .values = {0.5, 0.25, EpochMetrics::kNone, EpochMetrics::kNone},
                                             .seconds = 2,
                                             .images_per_second = 12.5}};
  EXPECT_EQ(metrics_table(kMeasures, epochs),
            "epoch,step,learning_rate,train_loss,train_accuracy,held_out_loss,held_out_accuracy,seconds,"
            "images_per_second\n1,20,0.1,0.5,0.25,,,2,12.5\n");
}

}  // namespace
}  // namespace fovea
