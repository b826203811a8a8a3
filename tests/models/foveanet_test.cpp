#include "models/foveanet.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "attention/autograd/grad.h"
#include "attention/base/parallel.h"
#include "attention/ops/loss.h"
#include "attention/ops/rearrange.h"
#include "models/network_plan.h"
#include "tests/models/refusal.h"
#include "tests/support/random_tensor.h"

namespace fovea {
namespace {

FoveaNetConfig tiny() {
  FoveaNetConfig c;
  c.image_height = c.image_width = 16;
  c.classes = 3;
  c.stem_width = 8;
  c.stages = {{16, 1}, {24, 1}, {16, 0}};
  c.attention_mlp = 32;
  return c;
}

float worst(const Tensor& a, const Tensor& b) {
  float most = 0;
  for (int64_t i = 0; i < a.count(); ++i) most = std::max(most, std::abs(a.data()[i] - b.data()[i]));
  return most;
}

ModelSource source_of(const std::string& more) {
  ModelSource source{.folder = "there", .config = {}, .checkpoint = {}};
  source.config.emplace("there/config.json", R"({"model_type": "foveanet")" + more + "}");
  return source;
}

TEST(FoveaNet, BuiltForInferenceItGivesWhatTheTrainedOneGives) {
  ParameterStore training(5, Purpose::kTraining), inference(5, Purpose::kInference);
  const FoveaNet trained(tiny(), Weights(training)), packed(tiny(), Weights(inference));
  const Tensor images = random_tensor({2, 16, 16, 3}, 1);
  const Tensor logits = packed.logits(images);
  EXPECT_EQ(logits.shape(), (Shape{2, 3}));
  EXPECT_LT(worst(logits, trained.logits(images)), 1e-4f);
  EXPECT_EQ(packed.logits(random_tensor({1, 40, 24, 3}, 2)).shape(), (Shape{1, 3}));  // any size
}

TEST(FoveaNet, EveryParameterLearnsAndTheBitsDoNotDependOnThreads) {
  std::vector<Tensor> gradients[2];
  for (const int threads : {1, 3})
    Threads(threads).run([&] {
      ParameterStore store(7, Purpose::kTraining);
      const FoveaNet net(tiny(), Weights(store));
      Rng rng(1);
      RunningUpdates running;
      const Tensor logits =
          net.logits(random_tensor({4, 16, 16, 3}, 3), {.training = &rng, .running = &running});
      const Gradients found = backward(cross_entropy(logits, std::vector<int>{0, 1, 2, 0}));
      for (const Parameter& p : store.parameters()) {
        ASSERT_TRUE(found.has(p.value)) << p.name;
        gradients[threads > 1].push_back(found[p.value].clone());
      }
      EXPECT_EQ(running.size(), 2 * 8u);  // two of each batch norm: 3 stages, 2 residuals of 2, 1 non-local
    });
  for (size_t i = 0; i < gradients[0].size(); ++i) EXPECT_EQ(worst(gradients[0][i], gradients[1][i]), 0) << i;
}

// Pixel by pixel: what moves from beyond an edge is what lies as far within it.
Tensor moved(const Tensor& images, int64_t by) {
  const int64_t H = images.dim(1), W = images.dim(2), C = images.dim(3);
  const auto source = [by](int64_t i, int64_t n) {
    return std::min(std::abs(i - by), 2 * (n - 1) - (i - by));
  };
  Tensor y(images.shape());
  for (int64_t i = 0; i < y.count(); ++i) {
    const int64_t c = i % C, x = i / C % W, row = i / (C * W) % H, b = i / (C * W * H);
    y.mutable_data()[i] = images.data()[((b * H + source(row, H)) * W + source(x, W)) * C + c];
  }
  return y;
}

TEST(FoveaNet, AnswersByTheMeanOfItsViews) {
  FoveaNetConfig config = tiny();
  const auto logits = [&](const Tensor& images, const Pass& pass = {}) {
    ParameterStore store(5, Purpose::kInference);
    return FoveaNet(config, Weights(store)).logits(images, pass);
  };
  const Tensor images = random_tensor({2, 16, 16, 3}, 4);
  std::vector<Tensor> seen;  // in place, down and right, up and left; each mirrored next
  for (const int64_t by : {0, 3, -3})
    for (const Tensor& view : {moved(images, by), flip(moved(images, by), 2)}) seen.push_back(logits(view));
  const auto at = [](const Tensor& x, int64_t i) { return x.data()[i]; };
  for (const bool mirrored : {false, true})
    for (const int64_t shift : {0, 3}) {
      config.views = {mirrored, shift};
      Taps taps;
      const Tensor mean = logits(images, {.taps = &taps});
      EXPECT_EQ(taps.states.size(), 3u);  // of the picture itself, a stage each
      for (int64_t i = 0; i < mean.count(); ++i) {
        const auto both = [&](size_t view) {
          return mirrored ? (at(seen[view], i) + at(seen[view + 1], i)) / 2 : at(seen[view], i);
        };
        const float expected = shift == 0 ? both(0) : both(0) / 2 + (both(2) + both(4)) / 4;
        EXPECT_NEAR(at(mean, i), expected, 1e-5f) << mirrored << " " << shift;
      }
    }
}

// Filtered by the stem, the pictures' patches have unit variance and no correlation.
TEST(FoveaNet, WhiteningFiltersWhiten) {
  Tensor images = random_tensor({8, 12, 12, 3}, 9);
  for (int64_t i = 1; i < images.count(); ++i) images.mutable_data()[i] += 0.8f * images.data()[i - 1];
  const int64_t kFilters = 6;
  const Tensor filters = whitening_filters(images, kFilters);
  const Tensor y = convolution(images, filters, {});
  const int64_t positions = y.count() / kFilters;
  for (int64_t a = 0; a < kFilters; ++a)
    for (int64_t b = 0; b < kFilters; ++b) {
      double sum = 0;
      for (int64_t i = 0; i < positions; ++i)
        sum += static_cast<double>(y.data()[i * kFilters + a]) * y.data()[i * kFilters + b];
      const double expected = a == b ? 1 : std::abs(a - b) == kFilters / 2 ? -1 : 0;  // both signs of each
      EXPECT_NEAR(sum / static_cast<double>(positions), expected, 2e-3) << a << " " << b;
    }
}

TEST(FoveaNet, TellsItsStagesAndViews) {
  const auto told = [](const std::string& views) {
    const std::string shape = R"(, "stage_widths": [8, 16], "stage_blocks": [1, 0], "attention_heads": 4)";
    const ModelInfo info = plan_network(source_of(shape + views)).info;
    return std::map<std::string, std::string>(info.details.begin(), info.details.end());
  };
  EXPECT_EQ(told("").at("stages, width x blocks"), "8 x 1, 16 x 0");
  EXPECT_EQ(told("").at("picture"), "32 x 32");
  EXPECT_EQ(told(R"(, "image_size": [24, 40])").at("picture"), "24 x 40");
  EXPECT_EQ(told("").at("views of a picture"), "1");
  EXPECT_EQ(told(R"(, "mirror_average": true)").at("views of a picture"), "2, mirrored");
  EXPECT_EQ(told(R"(, "mirror_average": true, "shift_average": 1)").at("views of a picture"),
            "6, mirrored, moved by 1");
}

TEST(FoveaNet, ConfigsThatCannotBeAreRefusedByKey) {
  const std::string sound = R"(, "stage_widths": [8, 16], "stage_blocks": [1, 0], "attention_heads": 4)";
  const auto expect = [&](const std::string& more, const char* key) {
    const std::string line = refusal_of([&] { plan_network(source_of(more)); });
    EXPECT_NE(line.find(key), std::string::npos) << line;
    EXPECT_NE(line.find("there/config.json"), std::string::npos) << line;
  };
  expect("", "stage_widths");
  expect(R"(, "stage_widths": [8, 16], "stage_blocks": [1])", "stage_blocks");
  expect(R"(, "stage_widths": [8, 99999], "stage_blocks": [1, 0])", "stage_widths");
  expect(sound + R"(, "stem_width": 7)", "stem_width");
  expect(R"(, "stage_widths": [8, 18], "stage_blocks": [1, 0])", "attention_heads");
  for (const char* size : {"2", "[32, 2]", "[8193, 32]", "[32]"})
    expect(sound + R"(, "image_size": )" + size, "image_size");
  expect(sound + R"(, "non_local_stage": 3)", "non_local_stage");
  expect(sound + R"(, "shift_average": 4)", "shift_average");
}

}  // namespace
}  // namespace fovea
