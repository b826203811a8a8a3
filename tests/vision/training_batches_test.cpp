#include "vision/training_batches.h"

#include <algorithm>
#include <map>
#include <set>

#include "attention/base/parallel.h"
#include "tests/support/temp_folder.h"
#include "tests/vision/picture_data.h"
#include "vision/decode.h"
#include "vision/preprocess.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

// The small data set, and recipes for it.
struct Data {
  explicit Data(const DataFiles& files = small_data()) { write_folder(folder.path() / "data", files); }
  ImageFolder open() const { return ImageFolder::open(folder.path() / "data"); }
  TempFolder folder;
};

Recipe small_recipe() {
  Recipe recipe;
  recipe.resize_height = 6;
  recipe.resize_width = 8;
  recipe.mean = {0.4, 0.5, 0.6};
  recipe.stddev = {0.2, 0.3, 0.4};
  return recipe;
}

std::vector<float> values(const Batch& batch) {
  return {batch.images.values().begin(), batch.images.values().end()};
}

bool same(const Batch& a, const Batch& b) {
  const bool targets =
      a.targets.count() == b.targets.count() && std::ranges::equal(a.targets.values(), b.targets.values());
  return values(a) == values(b) && a.labels == b.labels && a.failures == b.failures && targets;
}

const Augmentation kMuch = {
    .pad = 2, .flip = 0.5, .contrast = 0.5, .rand_augment = 1, .cutout = 2, .mixup = 1, .cutmix = 1};

TEST(EvaluationBatches, AreWhatTheRecipeMakesInOrder) {
  const Data data;
  Recipe recipe = small_recipe();
  for (const bool squash : {false, true}) {
    if (squash) recipe.resize_height = recipe.resize_width = 5;
    EvaluationBatches batches(data.open(), {11, 0, 3, 4, 7}, recipe, {.batch = 2});
    EXPECT_EQ(batches.steps(), 3);
    std::vector<float> want, got;
    std::vector<int> labels;
    for (const int64_t i : {11, 0, 3, 4, 7}) {
      const cv::Mat rgb = decode_image(data.open().bytes(i)).rgb;
      const Tensor one = make_batch({&rgb, 1}, recipe);
      want.insert(want.end(), one.values().begin(), one.values().end());
    }
    for (int round = 0; round < 2; ++round) {  // the second time from memory
      got.clear(), labels.clear();
      for (int64_t step = 0; step < 3; ++step) {
        const Batch batch = batches.batch(step);
        EXPECT_FALSE(batch.targets);
        got.insert(got.end(), batch.images.values().begin(), batch.images.values().end());
        labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
      }
      EXPECT_EQ(got, want);
      EXPECT_EQ(labels, (std::vector<int>{2, 0, 0, 0, 1}));
    }
    EXPECT_EQ(batches.batch(2).images.shape(), (Shape{1, recipe.height(), recipe.width(), 3}));
    EXPECT_THROW(batches.batch(3), Error);
  }
}

TEST(TrainingBatches, AnEpochHoldsEachPictureOnceInAnOrderOfItsOwn) {
  const Data data;
  const std::vector<int64_t> indices = {0, 1, 2, 4, 5, 8, 9, 10, 11};
  TrainingBatches batches(data.open(), indices, small_recipe(), {}, {.batch = 4, .drop_last = false});
  TrainingBatches full_only(data.open(), indices, small_recipe(), {}, {.batch = 4});
  EvaluationBatches plain(data.open(), indices, small_recipe(), {.batch = 1});
  EXPECT_EQ(batches.steps(), 3);
  EXPECT_EQ(full_only.steps(), 2);
  std::map<std::vector<float>, int> pictures;
  for (int64_t i = 0; i < plain.steps(); ++i) {
    const Batch one = plain.batch(i);
    pictures[values(one)] = one.labels[0];
  }
  std::set<std::vector<std::vector<float>>> orders;
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::vector<float>> order;
    for (int64_t step = 0; step < 3; ++step) {
      const Batch batch = batches.batch(epoch, step);
      ASSERT_EQ(batch.images.dim(0), step < 2 ? 4 : 1);
      EXPECT_TRUE(step == 2 || same(batch, full_only.batch(epoch, step)));
      const std::vector<float> all = values(batch);
      for (size_t i = 0; i < batch.labels.size(); ++i) {
        order.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(144 * i),
                           all.begin() + static_cast<std::ptrdiff_t>(144 * (i + 1)));
        ASSERT_TRUE(pictures.contains(order.back()));
        EXPECT_EQ(pictures[order.back()], batch.labels[i]);
      }
    }
    orders.insert(order);
    EXPECT_EQ(std::set(order.begin(), order.end()).size(), indices.size());
  }
  EXPECT_EQ(orders.size(), 3u);
}

TEST(TrainingBatches, DependOnSeedEpochAndStepAlone) {
  const Data data;
  const auto batches_of = [&](const BatchOptions& options, const Augmentation& how) {
    return TrainingBatches(data.open(), all_indices(data.open()), small_recipe(), how, options);
  };
  for (Augmentation how : {kMuch, Augmentation{.random_resized_crop = true, .flip = 0.5, .erase = 0.5}}) {
    const BatchOptions plain = {.batch = 5, .seed = 3, .prefetch = false};
    std::vector<Batch> want;
    Threads(1).run([&] {
      auto batches = batches_of(plain, how);
      for (int64_t at = 0; at < 6; ++at) want.push_back(batches.batch(at / 2, at % 2));
    });
    for (const BatchOptions& options :
         {plain, BatchOptions{.batch = 5, .seed = 3}, BatchOptions{.batch = 5, .seed = 3, .workers = 3},
          BatchOptions{.batch = 5, .seed = 3, .memory = 0},
          BatchOptions{.batch = 5, .seed = 3, .memory = 900}})
      Threads(3).run([&] {
        auto batches = batches_of(options, how);
        for (const int64_t at : {0, 1, 2, 3, 5, 0, 4, 5})  // goes on, leaves out, comes back
          EXPECT_TRUE(same(batches.batch(at / 2, at % 2), want[static_cast<size_t>(at)])) << at;
      });
    auto other = batches_of({.batch = 5, .seed = 4}, how);
    EXPECT_FALSE(same(other.batch(0, 0), want[0]));
    EXPECT_FALSE(same(want[0], want[2]));
  }
}

TEST(TrainingBatches, MixedBatchesHaveSoftTargets) {
  const Data data;
  TrainingBatches batches(data.open(), all_indices(data.open()), small_recipe(), {.mixup = 1}, {.batch = 4});
  for (int64_t step = 0; step < 3; ++step) {
    const Batch batch = batches.batch(0, step);
    ASSERT_EQ(batch.targets.shape(), (Shape{4, 3}));
    for (size_t i = 0; i < 4; ++i) {
      const auto row = batch.targets.values().subspan(3 * i, 3);
      EXPECT_NEAR(row[0] + row[1] + row[2], 1, 1e-6);
      EXPECT_GT(
          row[static_cast<size_t>(batch.labels[i])] + row[static_cast<size_t>(batch.labels[(i + 3) % 4])],
          0.999f);
      const bool alike = batch.labels[i] == batch.labels[(i + 3) % 4];
      EXPECT_NEAR(row[static_cast<size_t>(batch.labels[i])], alike ? 1 : batch.own_share, 1e-6);
    }
  }
}

DataFiles partly_damaged() {
  DataFiles files = small_data();
  files[2].bytes = {'n', 'o'};
  files[7].bytes.resize(files[7].bytes.size() / 2);
  return files;
}

TEST(TrainingBatches, PlacesTellWhichPicturesAreThere) {
  const Data data(partly_damaged());
  const std::vector<int64_t> indices = {11, 2, 0, 7, 5, 1};
  TrainingBatches batches(data.open(), indices, small_recipe(), {}, {.batch = 6});
  EvaluationBatches ordered(data.open(), indices, small_recipe(), {.batch = 6});
  EXPECT_EQ(ordered.batch(0).places, (std::vector<int64_t>{0, 2, 4, 5}));
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    const Batch batch = batches.batch(epoch, 0), plain = ordered.batch(0);
    ASSERT_EQ(batch.places.size(), 4u);
    EXPECT_EQ(batch.own_share, 1);
    const int64_t each = batch.images.count() / 4;
    for (size_t i = 0; i < 4; ++i) {
      const auto at = std::ranges::find(plain.places, batch.places[i]) - plain.places.begin();
      ASSERT_LT(at, 4);
      EXPECT_EQ(batch.labels[i], plain.labels[static_cast<size_t>(at)]);
      EXPECT_TRUE(std::equal(batch.images.data() + static_cast<int64_t>(i) * each,
                             batch.images.data() + static_cast<int64_t>(i + 1) * each,
                             plain.images.data() + at * each));
    }
  }
}

TEST(TrainingBatches, LeavesDamagedPicturesOutAndTellsOnce) {
  const Data data(partly_damaged());
  TrainingBatches batches(data.open(), all_indices(data.open()), small_recipe(), {.flip = 0.5}, {.batch = 6});
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    int64_t pictures = 0;
    for (int64_t step = 0; step < 2; ++step) {
      const Batch batch = batches.batch(epoch, step);
      EXPECT_EQ(batch.images.dim(0), std::ssize(batch.labels));
      EXPECT_EQ(std::ssize(batch.labels) + std::ssize(batch.failures), 6);
      pictures += std::ssize(batch.labels);
    }
    EXPECT_EQ(pictures, 10);
  }
  ASSERT_EQ(batches.failures().size(), 2u);
  std::set<std::string> names;
  for (const PictureFailure& failure : batches.failures()) {
    names.insert(fs::path(failure.name).lexically_relative(data.folder.path() / "data"));
    EXPECT_NE(failure.reason.find(failure.name), std::string::npos) << failure.reason;
  }
  EXPECT_EQ(names, (std::set<std::string>{"cat/2.png", "dog/2.png"}));
}

TEST(TrainingBatches, ABatchMayLoseAllItsPictures) {
  const Data data(partly_damaged());
  TrainingBatches batches(data.open(), {2, 7}, small_recipe(), kMuch, {.batch = 1});
  const Batch batch = batches.batch(0, 0);
  EXPECT_FALSE(batch.images);
  EXPECT_FALSE(batch.targets);
  EXPECT_TRUE(batch.labels.empty());
  EXPECT_EQ(batch.failures.size(), 1u);
}

TEST(TrainingBatches, StopsAtAFailureIfAsked) {
  const Data data(partly_damaged());
  for (const bool prefetch : {false, true}) {
    TrainingBatches batches(data.open(), all_indices(data.open()), small_recipe(), {},
                            {.batch = 1, .stop_at_failure = true, .prefetch = prefetch});
    int thrown = 0;
    for (int64_t step = 0; step < batches.steps(); ++step) {
      const std::string why = complaint([&] { batches.batch(0, step); });
      if (why.empty()) continue;
      ++thrown;
      EXPECT_NE(why.find(".png"), std::string::npos);
      EXPECT_EQ(complaint([&] { batches.batch(0, step); }), why);  // and again
    }
    EXPECT_EQ(thrown, 2);
  }
}

TEST(TrainingBatches, ComesDownWhileTheNextBatchIsOnItsWay) {
  const Data data;
  for (int i = 0; i < 20; ++i) {
    TrainingBatches batches(data.open(), all_indices(data.open()), small_recipe(), kMuch, {.batch = 12});
    EXPECT_EQ(batches.batch(i, 0).labels.size(), 12u);
  }
}

TEST(TrainingBatches, RefusesWhatCannotBe) {
  const Data data;
  const auto why = [&](std::vector<int64_t> indices, const BatchOptions& options,
                       const Augmentation& how = {}) {
    return complaint([&] { TrainingBatches(data.open(), std::move(indices), small_recipe(), how, options); });
  };
  EXPECT_NE(why({}, {}).find("no pictures"), std::string::npos);
  EXPECT_NE(why({12}, {}).find("picture 12 is not one of the 12"), std::string::npos);
  EXPECT_NE(why({1, 2}, {.batch = 3}).find("do not fill a batch of 3"), std::string::npos);
  EXPECT_NE(why({1, 2}, {.batch = 0}).find("a batch of 0"), std::string::npos);
  EXPECT_NE(why({1, 2}, {.batch = 1, .workers = 0}).find("0 workers"), std::string::npos);
  EXPECT_NE(why({1, 2}, {.batch = 1}, {.pad = 6, .border = Augmentation::Border::kReflect}).find("reflected"),
            std::string::npos);
  TrainingBatches batches(data.open(), {1, 2}, small_recipe(), {}, {.batch = 1});
  EXPECT_THROW(batches.batch(0, 2), Error);
  EXPECT_THROW(batches.batch(-1, 0), Error);
}

}  // namespace
}  // namespace fovea
