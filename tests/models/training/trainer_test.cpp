#include "models/training/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "attention/checkpoint/safetensors.h"
#include "attention/ops/regression_loss.h"
#include "models/training/training_error.h"
#include "tests/support/temp_folder.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

// A model of one parameter, that is to become 0.
struct Small {
  Small() {
    const Tensor start = Tensor::full({2}, 1e5f);
    model.store = std::make_shared<ParameterStore>(FineTuning{});
    value = Weights(*model.store).get("value", start);
    model.stored = [](const std::map<std::string, Tensor>& ours) { return ours; };
    task.steps_per_epoch = 3;
    task.measures = {{"train_loss", "loss", "loss", "training"}, {"score", "score", "score", "training"}};
    task.step = [this](int64_t, int64_t, const Pass&) {
      return StepResult{.loss = mse_loss(value, Tensor::full({2}, 0), Reduction::kMean),
                        .pictures = 1,
                        .failures = {{"caf\xe9.jpg", "caf\xe9.jpg: is empty"}}};
    };
    options.epochs = 2;
    options.learning_rate = 1e-3f;
    options.schedule = Schedule::Kind::kConstant;
  }
  TrainableModel model;
  TrainingTask task;
  TrainerOptions options;
  Tensor value;
};

std::string line_of(Trainer& trainer) {
  try {
    trainer.run();
  } catch (const TrainingError& error) {
    EXPECT_EQ(error.cause, TrainingError::Cause::kOptions);
    return error.what();
  }
  return "";
}

TEST(Trainer, StoppedBeforeItsFirstStepItReplacesNothing) {
  const TempFolder folder;
  std::ofstream(folder.path() / "model.safetensors") << "the old one";
  const Small small;
  RunFolder run(folder.path(), RunFolder::Start::kForce);
  TrainingEvents events;
  events.interrupted = [] { return true; };
  Trainer trainer(small.model, small.task, small.options, run, events);
  EXPECT_FALSE(trainer.run());
  EXPECT_FALSE(trainer.state().begun());
  EXPECT_EQ(fs::file_size(folder.path() / "model.safetensors"), 11u);
  EXPECT_FALSE(fs::exists(folder.path() / "training_state.safetensors"));
}

TEST(Trainer, AnAnswerThatIsNoNumberIsTheLearningRates) {
  const TempFolder folder;
  Small small;
  small.task.evaluate = [](const std::map<std::string, Tensor>&) -> std::optional<HeldOutResult> {
    throw NotFinite("a logit");
  };
  RunFolder run(folder.path(), RunFolder::Start::kNew);
  Trainer trainer(small.model, small.task, small.options, run, {});
  EXPECT_EQ(line_of(trainer),
            "training: what it says of held-out pictures is not finite in epoch 1, step 3, at learning rate "
            "0.001; lower --lr or add --clip-norm");
}

// The step's gradient is that of the worst weights nearby; what is drawn is drawn again, and what runs beside
// the weights (as of batch norms) is seen at the weights themselves.
TEST(Trainer, StepsByTheGradientNearbyIfSharpnessCounts) {
  const TempFolder folder;
  Small small;
  std::ranges::copy(std::vector{3.f, 4.f}, small.value.mutable_data());
  const Tensor running = Tensor::full({1}, 0);
  std::vector<uint64_t> draws;
  const auto learn = [&](const Pass& pass) {
    draws.push_back(pass.training->next());
    pass.running->push_back({running, Tensor::full({1}, draws.size() == 1 ? 2.f : 100.f), 0.5f});
    return mse_loss(small.value, Tensor::full({2}, 0), Reduction::kMean);  // its gradient is the value
  };
  small.task.steps_per_epoch = 1;
  small.task.step = [&](int64_t, int64_t, const Pass& pass) {
    return StepResult{.loss = learn(pass), .pictures = 1, .again = learn};
  };
  small.options.epochs = 1;
  small.options.learning_rate = 0.5f;
  small.options.weight_decay = small.options.momentum = 0;
  small.options.sharpness_radius = 1;
  RunFolder run(folder.path(), RunFolder::Start::kNew);
  Trainer trainer(small.model, small.task, small.options, run, {});
  ASSERT_TRUE(trainer.run());
  ASSERT_EQ(draws.size(), 2u);
  EXPECT_EQ(draws[0], draws[1]);
  EXPECT_EQ(running.data()[0], 1);
  EXPECT_FLOAT_EQ(small.value.data()[0], 3 - 0.5f * 3.6f);
  EXPECT_FLOAT_EQ(small.value.data()[1], 4 - 0.5f * 4.8f);
  EXPECT_FLOAT_EQ(static_cast<float>(trainer.state().epochs.at(0).values.at(0)), 12.5f);
}

TEST(Trainer, AWorstPlaceTooFarAwayIsItsRadius) {
  const TempFolder folder;
  Small small;
  small.task.step = [&](int64_t, int64_t, const Pass&) {
    return StepResult{.loss = mse_loss(small.value, Tensor::full({2}, 0), Reduction::kMean),
                      .pictures = 1,
                      .again = [](const Pass&) { return Tensor::full({1}, NAN); }};
  };
  small.options.sharpness_radius = 1;
  RunFolder run(folder.path(), RunFolder::Start::kNew);
  Trainer trainer(small.model, small.task, small.options, run, {});
  EXPECT_NE(line_of(trainer).find("lower --sharpness-aware or --lr"), std::string::npos);
}

TEST(Trainer, AResumeInTheMiddleOfAnEpochLeavesTheModelOfTheLast) {
  const TempFolder folder;
  int steps = 0;
  TrainingEvents events;
  events.step = [&](const StepReport&) { ++steps; };
  events.interrupted = [&] { return steps >= 4; };
  for (const auto start : {RunFolder::Start::kNew, RunFolder::Start::kResume}) {
    const Small small;
    RunFolder run(folder.path(), start);
    Trainer trainer(small.model, small.task, small.options, run, events);
    EXPECT_FALSE(trainer.run());
    EXPECT_EQ(trainer.state().step, 1);
    std::ofstream(folder.path() / "model.safetensors", std::ios::app) << "not written again";
  }
  std::ifstream file(folder.path() / "model.safetensors");
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(bytes.ends_with("not written againnot written again"));
}

// The state is kept, so that the run goes on in a wider format. What could not be read is counted once,
// though its name is no UTF-8.
TEST(Trainer, AValueBeyondHalvesIsSaid) {
  const TempFolder folder;
  Small small;
  small.options.dtype = Dtype::kF16;
  {
    RunFolder run(folder.path(), RunFolder::Start::kNew);
    Trainer trainer(small.model, small.task, small.options, run, {});
    const std::string line = line_of(trainer);
    EXPECT_NE(line.find("model.safetensors: cannot save 'value' as F16: 99"), std::string::npos) << line;
    EXPECT_NE(line.find("save as F32, with --resume --dtype f32"), std::string::npos) << line;
    EXPECT_FALSE(fs::exists(folder.path() / "model.safetensors"));
  }
  Small wider;
  wider.options.dtype = Dtype::kBF16;
  RunFolder run(folder.path(), RunFolder::Start::kResume);
  Trainer trainer(wider.model, wider.task, wider.options, run, {});
  EXPECT_TRUE(trainer.run());
  EXPECT_EQ(trainer.state().unreadable.size(), 1u);
  EXPECT_EQ(Safetensors(folder.path() / "model.safetensors").dtype("value"), Dtype::kBF16);
}

}  // namespace
}  // namespace fovea
