#include "models/training/detection_task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "attention/base/error.h"
#include "models/training/detection_recipe.h"
#include "tests/support/painted_boxes.h"
#include "tests/support/temp_folder.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
const Recipe kRecipe = [] {
  Recipe recipe;
  recipe.resize_height = 64;
  recipe.resize_width = 96;
  return recipe;
}();

class DetectionTraining : public testing::Test {
 protected:
  DetectionTraining() {
    write_painted_boxes(folder.path(), "train", 10, 1);
    write_painted_boxes(folder.path(), "val", 4, 2);
    write_tiny_detector(folder.path() / "config.json");
  }
  DetectionData data() const {
    return open_detection_data({.path = folder.path() / "instances_train.json",
                                .images = {},
                                .held_out = folder.path() / "instances_val.json"});
  }
  TrainableDetector detector(const std::vector<std::string>& labels, const fs::path& from) const {
    return load_trainable_detector({.path = from, .labels = labels, .tuning = {}});
  }
  TrainerOptions options(int64_t epochs) const {
    TrainerOptions o;
    o.epochs = epochs;
    o.method = TrainerOptions::Method::kAdamW;
    o.schedule = Schedule::Kind::kCosine;
    o.learning_rate = 2e-3f;
    o.weight_decay = 1e-4f;
    o.clip_norm = 0.5;
    o.average = 0.9;
    o.rates = {{"backbone", 0.5f}};
    return o;
  }
  // Trains until `steps` steps are done; returns the state it ends in.
  TrainingState train(const std::string& name, const TrainerOptions& how, int64_t steps = 1 << 20) const {
    const DetectionData set = data();
    const TrainableDetector model = detector(set.labels(), folder.path() / "config.json");
    DetectionTask task(model, set, kRecipe, {.batches = {.batch = 5}, .augmentation = {.flip = 0.5}});
    int64_t done = 0;
    RunFolder run(folder.path() / name, RunFolder::Start::kResume);
    run.write_text("config.json", model.config);
    TrainingEvents events;
    events.step = [&](const StepReport&) { ++done; };
    events.interrupted = [&] { return done >= steps; };
    Trainer trainer(model, task.task(), how, run, events);
    trainer.run();
    return trainer.state();
  }
  std::string bytes(const std::string& file) const {
    std::ifstream in(folder.path() / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  TempFolder folder;
};

TEST_F(DetectionTraining, TheLossFallsAndWhatIsHeldOutIsMeasured) {
  TrainerOptions how = options(12);
  how.evaluate_every = 5;
  const std::vector<EpochMetrics> epochs = train("run", how).epochs;
  ASSERT_EQ(epochs.size(), 12u);
  EXPECT_LT(epochs[11].values[0], 0.7 * epochs[0].values[0]);
  EXPECT_GT(epochs[11].values[1], 0.5);
  for (size_t i = 0; i < 12; ++i) {
    const bool measured = i == 4 || i == 9 || i == 11;
    EXPECT_EQ(std::isnan(epochs[i].values[2]), !measured) << i;
    EXPECT_EQ(std::isnan(epochs[i].values[3]), !measured) << i;
  }
  EXPECT_GE(epochs[11].values[3], epochs[11].values[2]);
  EXPECT_TRUE(bytes("run/metrics.csv")
                  .starts_with("epoch,step,learning_rate,train_loss,train_class_accuracy,held_out_map,"
                               "held_out_map50,seconds,images_per_second\n1,2,"));
}

TEST_F(DetectionTraining, ResumedItEndsInTheSameBytes) {
  train("whole", options(3));
  for (const int64_t steps : {1, 2, 1, 9}) train("cut", options(3), steps);
  EXPECT_GT(bytes("whole/model.safetensors").size(), 10000u);
  EXPECT_EQ(bytes("whole/model.safetensors"), bytes("cut/model.safetensors"));
}

TEST_F(DetectionTraining, OtherClassesKeepAllButTheHeads) {
  train("run", options(1));
  const fs::path run = folder.path() / "run";
  const TrainableDetector same = detector({"red", "blue"}, run), turned = detector({"blue", "red"}, run),
                          other = detector({"car", "dog", "cat"}, run);
  EXPECT_TRUE(same.from_checkpoint);
  EXPECT_EQ(turned.info.labels, (std::vector<std::string>{"red", "blue"}));
  EXPECT_EQ(other.info.labels, (std::vector<std::string>{"car", "dog", "cat"}));
  size_t kept = 0, drawn = 0;
  for (const auto& [name, value] : other.store->state()) {
    const auto was = std::ranges::find(same.store->state(), name, &Parameter::name);
    ASSERT_NE(was, same.store->state().end()) << name;
    const bool head =
        std::ranges::any_of(other.heads, [&](const std::string& h) { return name.starts_with(h + "."); });
    (head ? drawn : kept) += 1;
    if (head)
      EXPECT_NE(value.shape(), was->value.shape()) << name;
    else
      EXPECT_TRUE(std::ranges::equal(value.values(), was->value.values())) << name;
  }
  EXPECT_GT(kept, 50u);
  EXPECT_GT(drawn, 2u);
}

TEST_F(DetectionTraining, DataThatTeachNothing) {
  const auto refusal = [&](const DetectionDataSource& source) -> std::string {
    try {
      open_detection_data(source);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  write_whole(folder.path() / "empty.json",
              R"({"images": [{"id": 1, "file_name": "1.ppm", "width": 64, "height": 48}],
                  "annotations": [], "categories": [{"id": 1, "name": "red"}]})");
  const fs::path images = folder.path() / "train";
  EXPECT_NE(refusal({.path = folder.path() / "empty.json", .images = images})
                .find("empty.json: none of its 1 picture has a box to learn from"),
            std::string::npos);
  write_whole(folder.path() / "odd.json",
              R"({"images": [{"id": 1, "file_name": "1.ppm", "width": 64, "height": 48}],
                  "annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 1, 9, 9],
                                   "area": 81, "iscrowd": 0}],
                  "categories": [{"id": 7, "name": "green"}]})");
  const std::string unknown = refusal({.path = folder.path() / "instances_train.json",
                                       .images = {},
                                       .held_out = folder.path() / "odd.json",
                                       .held_out_images = images});
  EXPECT_NE(unknown.find("odd.json: 1.ppm shows a 'green', which is no category of what is trained on"),
            std::string::npos)
      << unknown;
}

TEST_F(DetectionTraining, TheConfigWeighsTheLoss) {
  const auto weight = [&](const std::string& key) {
    std::string config = bytes("config.json");
    write_whole(folder.path() / "other.json", config.insert(config.find('{') + 1, key));
    return detector({"red", "blue"}, folder.path() / "other.json").loss.label;
  };
  EXPECT_EQ(weight(""), 2);  // the model's scores are sigmoids
  EXPECT_EQ(weight(R"("cls_loss_coefficient": 3.5,)"), 3.5f);
}

TEST_F(DetectionTraining, AShareIsHeldOutByNames) {
  DetectionDataSource source{
      .path = folder.path() / "instances_train.json", .images = {}, .share = 0.3, .seed = 1};
  const DetectionData once = open_detection_data(source), again = open_detection_data(source);
  EXPECT_EQ(once.train.pictures.size(), 7u);
  EXPECT_EQ(once.held_out.pictures.size(), 3u);
  EXPECT_EQ(once.fingerprint(), again.fingerprint());
  source.seed = 2;
  EXPECT_NE(open_detection_data(source).fingerprint(), once.fingerprint());
}

TEST(DetectionRecipe, AConfigAloneTakesTheFrameOfItsPictures) {
  AnnotatedPictures set;
  for (int i = 0; i < 3; ++i)
    set.pictures.push_back({.file = "a", .width = 640, .height = 480, .objects = {}});
  TrainableModel model;
  model.info.architecture = "DeformableDetrForObjectDetection";
  model.info.library = "transformers";
  const Recipe recipe = detection_recipe("nowhere/config.json", model, set, {});
  EXPECT_EQ(recipe.height(), 384);
  EXPECT_EQ(recipe.width(), 512);
  const Recipe given = detection_recipe("nowhere/config.json", model, set, {.height = 240, .width = 320});
  EXPECT_EQ(given.height(), 240);
  EXPECT_EQ(given.width(), 320);
  EXPECT_EQ(given.fit, Recipe::Fit::kSquash);
}

}  // namespace
}  // namespace fovea
