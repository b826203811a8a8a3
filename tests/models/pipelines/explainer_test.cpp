#include "models/pipelines/explainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "attention/ops/reorder.h"
#include "models/pipelines/image_model.h"
#include "tests/apps/tiny_detr.h"
#include "tests/apps/tiny_vit.h"
#include "tests/models/refusal.h"
#include "vision/decode.h"
#include "vision/preprocess.h"

namespace fovea {
namespace {

const std::filesystem::path kSource = FOVEA_SOURCE_DIR;

cv::Mat painted(int width, int height, int seed) {
  cv::Mat rgb(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < 3 * width; ++x)
      rgb.ptr(y)[x] = static_cast<uint8_t>(x * (7 + seed) + y * 13 + seed * 31);
  return rgb;
}

// 4 x 6 patches of 8, two layers, two heads, three classes.
std::string write_wide_vit(const TestFolder& folder) {
  folder.write("wide/config.json", R"({"architectures": ["ViTForImageClassification"], "model_type": "vit",
    "hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "num_hidden_layers": 2,
    "image_size": [32, 48], "patch_size": 8, "id2label": {"0": "cat", "1": "dog", "2": "car"}})");
  folder.write("wide/preprocessor_config.json", R"({"image_processor_type": "ViTImageProcessor",
    "size": {"height": 32, "width": 48}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]})");
  return folder / "wide";
}

std::string write_yolos(const TestFolder& folder) {
  folder.write("yolos/config.json", R"({"model_type": "yolos", "architectures": ["YolosForObjectDetection"],
    "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24,
    "image_size": [64, 96], "patch_size": 16, "num_detection_tokens": 5, "use_mid_position_embeddings": true,
    "id2label": {"0": "cell", "1": "platelet"}})");
  folder.write("yolos/preprocessor_config.json", R"({"image_processor_type": "YolosImageProcessor",
    "do_resize": true, "size": {"height": 64, "width": 96}, "do_rescale": true, "do_normalize": true,
    "do_pad": false, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]})");
  return folder / "yolos";
}

bool has(const Explainer& explainer, MapKind kind) {
  const std::vector<MapKind> kinds = explainer.kinds();
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// What is left of a class activation when its negative values are cut may be nothing.
bool may_be_empty(MapKind kind) {
  return kind >= MapKind::kGradCam && kind <= MapKind::kEigenGradCam;
}

// Every kind that the model has gives finite values.
void expect_all_kinds(const Explainer& explainer, const Explainer::Look& look) {
  const cv::Point2d at(look.place().picture.width / 3.0, look.place().picture.height / 3.0);
  for (const MapKind kind : explainer.kinds()) {
    SCOPED_TRACE(name_of(kind));
    MapRequest request{.kind = kind};
    if (kind == MapKind::kEncoderSelf || kind == MapKind::kAffinity) request.at = at;
    const ExplainedMap made = look.map(request);
    EXPECT_EQ(made.kind, kind);
    EXPECT_FALSE(made.of.empty());
    EXPECT_FALSE(made.subject.empty());
    EXPECT_EQ(made.values.empty(), kind == MapKind::kPoints);
    EXPECT_EQ(made.points.empty(), kind != MapKind::kPoints);
    if (made.values.empty()) continue;
    EXPECT_TRUE(cv::checkRange(made.values));
    EXPECT_TRUE(cv::norm(made.values) > 0 || may_be_empty(kind));
  }
}

TEST(Explainer, KindsHaveNames) {
  EXPECT_STREQ(name_of(MapKind::kEncoderSelf), "encoder-self");
  for (int i = 0; i <= static_cast<int>(MapKind::kAffinity); ++i) {
    const auto kind = static_cast<MapKind>(i);
    EXPECT_EQ(kind_named(name_of(kind)), kind);
  }
  EXPECT_FALSE(kind_named("rolout"));
}

class WideVit : public testing::Test {
 protected:
  TestFolder folder;
  Explainer explainer = Explainer::random(write_wide_vit(folder), 5);
  cv::Mat picture = painted(96, 64, 1);  // twice its frame
  Explainer::Look look = explainer.look(picture);
  std::map<std::string, Tensor> outputs =
      ImageModel::random(folder / "wide", 5)
          .run(channels_first(make_batch(std::span(&picture, 1), explainer.recipe())), true);

  void expect_row(const cv::Mat& got, int layer, int head, int64_t token) const {
    const Tensor& all = outputs.at("attentions." + std::to_string(layer));
    ASSERT_EQ(all.shape(), (Shape{1, 2, 25, 25}));
    ASSERT_EQ(got.size(), cv::Size(6, 4));
    for (int i = 0; i < 24; ++i)
      EXPECT_EQ(got.at<float>(i / 6, i % 6), all.data()[(head * 25 + token) * 25 + 1 + i]) << i;
  }
};

TEST_F(WideVit, SaysWhatItHas) {
  EXPECT_FALSE(explainer.detects());
  EXPECT_EQ(explainer.usual_kind(), MapKind::kRollout);
  EXPECT_EQ(explainer.layers(MapKind::kRaw), 2);
  EXPECT_EQ(explainer.heads(MapKind::kRaw), 2);
  EXPECT_EQ(explainer.layers(MapKind::kRollout), 0);
  EXPECT_TRUE(has(explainer, MapKind::kGradCam));
  EXPECT_FALSE(has(explainer, MapKind::kCross));
  EXPECT_FALSE(has(explainer, MapKind::kChannels));
  expect_all_kinds(explainer, look);
  EXPECT_EQ(look.classes(2).size(), 2u);
}

// Before and after a pass over all tokens.
TEST_F(WideVit, RawIsTheClassTokensRowToTheBit) {
  for (int again = 0; again < 2; ++again) {
    for (int layer = 0; layer < 2; ++layer)
      for (int head = 0; head < 2; ++head)
        expect_row(look.map({.kind = MapKind::kRaw, .layer = layer, .head = head}).values, layer, head, 0);
    const ExplainedMap last = look.map({.kind = MapKind::kRaw, .head = -1});
    EXPECT_EQ(last.of, "layers.1.attn");
    EXPECT_EQ(last.layer, 1);
    EXPECT_EQ(last.head, 1);
    expect_row(last.values, 1, 1, 0);
    look.self_attention();
  }
}

// Pixel 50, 20 of a picture of twice the frame is 25, 10 there: row 1, column 3.
TEST_F(WideVit, RawOfAPointIsItsPatchsRow) {
  const ExplainedMap made =
      look.map({.kind = MapKind::kRaw, .layer = 1, .head = 0, .at = cv::Point2d(50, 20)});
  expect_row(made.values, 1, 0, 1 + 6 + 3);
  EXPECT_EQ(made.subject, "the patch at 50, 20");
  expect_row(look.map({.kind = MapKind::kRaw, .layer = 0, .head = 1, .at = cv::Point2d(95.9, 63.9)}).values,
             0, 1, 24);
}

TEST_F(WideVit, AllSelfAttentionIsThere) {
  const std::vector<LayerWeights> layers = look.self_attention();
  ASSERT_EQ(layers.size(), 2u);
  const Tensor& all = outputs.at("attentions.1");
  ASSERT_EQ(layers[1].weights.size(), 2u * 24 * 24);
  ASSERT_EQ(layers[1].reader.size(), 2u * 24);
  for (size_t i = 0; i < layers[1].weights.size(); ++i) {
    const size_t head = i / 576, query = i / 24 % 24, key = i % 24;
    EXPECT_EQ(layers[1].weights[i], all.data()[(head * 25 + 1 + query) * 25 + 1 + key]);
  }
  for (size_t i = 0; i < 48; ++i) EXPECT_EQ(layers[1].reader[i], all.data()[i / 24 * 625 + 1 + i % 24]);
}

// Against whole matrices: (A + I) / 2 multiplied, from the first layer on.
TEST_F(WideVit, RolloutIsTheProductOfItsLayers) {
  std::vector<double> product(625);
  for (size_t i = 0; i < 25; ++i) product[26 * i] = 1;
  for (int layer = 0; layer < 2; ++layer) {
    const Tensor& all = outputs.at("attentions." + std::to_string(layer));
    std::vector<double> next(625);
    for (size_t i = 0; i < 25; ++i)
      for (size_t k = 0; k < 25; ++k) {
        const double mean = (double{all.data()[i * 25 + k]} + all.data()[625 + i * 25 + k]) / 2;
        const double step = (mean + (i == k ? 1 : 0)) / 2;
        for (size_t j = 0; j < 25; ++j) next[i * 25 + j] += step * product[k * 25 + j];
      }
    product = next;
  }
  const cv::Mat got = look.map({.kind = MapKind::kRollout}).values;
  for (size_t i = 0; i < 24; ++i) EXPECT_NEAR(got.ptr<float>()[i], product[1 + i], 1e-6);
  EXPECT_NEAR(cv::sum(got)[0] + product[0], 1, 1e-5);  // with the class token's own share
}

// A share of all of a layer's weights, be the rest of them wanted or not.
TEST_F(WideVit, RolloutDiscardsFromWholeLayers) {
  const MapRequest request{.kind = MapKind::kRollout, .discard = 0.9};
  const cv::Mat alone = look.map(request).values;
  const Explainer::Look other = explainer.look(picture);
  ASSERT_FALSE(other.self_attention().empty());
  EXPECT_EQ(cv::norm(alone, other.map(request).values, cv::NORM_INF), 0);
  EXPECT_GT(cv::norm(alone, look.map({.kind = MapKind::kRollout}).values, cv::NORM_INF), 0);
}

// Patches of 8 cover 16 of 20 pixels.
TEST(Explainer, KnowsWhatPatchesDoNotCover) {
  const TestFolder folder;
  write_tiny_vit(folder, "vit");
  std::string recipe =
      R"({"image_processor_type": "ViTImageProcessor", "size": {"height": 20, "width": 20}})";
  folder.write("vit/preprocessor_config.json", recipe);
  const Explainer explainer = Explainer::load(folder / "vit");
  const Explainer::Look look = explainer.look(painted(40, 40, 1));
  EXPECT_EQ(look.place().frame, cv::Size(16, 16));
  EXPECT_EQ(look.place().seen(), cv::Rect2d(0, 0, 32, 32));
  const auto at = [&](double x) { return look.map({.kind = MapKind::kRaw, .at = cv::Point2d(x, 4)}).values; };
  EXPECT_EQ(cv::norm(at(2), at(15.5), cv::NORM_INF), 0);
  EXPECT_GT(cv::norm(at(15.5), at(16.5), cv::NORM_INF), 0);
  EXPECT_THROW(at(33), Error);
}

TEST_F(WideVit, MapsAreOfTheClassThatIsAsked) {
  const auto map = [&](std::optional<int64_t> id) {
    return look.map({.kind = MapKind::kRelevance, .class_id = id}).values;
  };
  const auto best = look.classes(1).front().label;
  const int64_t id = best == "cat" ? 0 : best == "dog" ? 1 : 2;
  EXPECT_EQ(cv::norm(map({}), map(id)), 0);
  EXPECT_GT(cv::norm(map(id), map((id + 1) % 3)), 0);
  EXPECT_EQ(look.map({.kind = MapKind::kGradCam}).subject, "class '" + best + "'");
  EXPECT_EQ(look.map({.kind = MapKind::kGradCam}).of, "layers.0");  // what the last layer reads
}

TEST_F(WideVit, ScoresAMap) {
  const Faithfulness found = look.score(look.map({.kind = MapKind::kRollout}).values, {});
  ASSERT_EQ(found.deletion.size(), found.insertion.size());
  EXPECT_NEAR(found.deletion.front(), look.classes(1).front().score, 1e-6);
  EXPECT_NEAR(found.insertion.back(), found.deletion.front(), 1e-6);
  EXPECT_NEAR(found.insertion.front(), found.deletion.back(), 1e-6);
}

TEST_F(WideVit, BadRequestsListWhatIsPossible) {
  const auto line = [&](const MapRequest& request) { return refusal_of([&] { look.map(request); }); };
  expect_words(line({.kind = MapKind::kCross}), {"cross", "raw, rollout", "grad-cam"});
  expect_words(line({.kind = MapKind::kRaw, .layer = 2}), {"layer 2", "0 to 1", "-2"});
  expect_words(line({.kind = MapKind::kRaw, .layer = -3}), {"layer -3", "0 to 1"});
  expect_words(line({.kind = MapKind::kRaw, .head = 7}), {"head 7", "0 to 1", "layers.1.attn"});
  expect_words(line({.kind = MapKind::kRollout, .layer = 0}), {"rollout", "no layer", "raw, gradient"});
  expect_words(line({.kind = MapKind::kGradCam, .head = 0}), {"grad-cam", "no head", "raw, gradient"});
  expect_words(line({.kind = MapKind::kGradCam, .at = cv::Point2d(1, 1)}), {"no point", "raw"});
  expect_words(line({.kind = MapKind::kRaw, .at = cv::Point2d(96, 5)}), {"96,5", "0 to 95", "0 to 63"});
  expect_words(line({.kind = MapKind::kRaw, .at = cv::Point2d(-1, 5)}), {"outside"});
  expect_words(line({.kind = MapKind::kGradCam, .class_id = 3}), {"class 3", "0 to 2"});
  expect_words(line({.kind = MapKind::kRelevance, .class_id = -1}), {"class -1"});
  expect_words(line({.kind = MapKind::kGradCam, .object = 0}), {"no objects", "class"});
  expect_words(line({.kind = MapKind::kRollout, .discard = 1}), {"discard"});
  expect_words(refusal_of([&] { look.score(cv::Mat(), {}); }), {"map"});
}

TEST(Explainer, RefusesAPointThatIsCutAway) {
  const TestFolder folder;
  const std::string model = write_wide_vit(folder);
  folder.write("wide/preprocessor_config.json", R"({"image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": 48}, "do_center_crop": true, "crop_size": {"height": 32, "width": 48}})");
  const Explainer explainer = Explainer::random(model, 5);
  const Explainer::Look look = explainer.look(painted(96, 96, 1));  // 32 of 48 rows, from the 8th
  const auto map = [&](double y) { return look.map({.kind = MapKind::kRaw, .at = cv::Point2d(40, y)}); };
  EXPECT_EQ(map(17).values.size(), cv::Size(6, 4));
  expect_words(refusal_of([&] { map(15); }), {"does not see", "40,15", "16 to 80"});
}

TEST(Explainer, ShowsADetrsObjects) {
  const TestFolder folder;
  const Explainer explainer = Explainer::random(write_tiny_detr(folder, "tiny"), 3);
  EXPECT_TRUE(explainer.detects());
  EXPECT_EQ(explainer.usual_kind(), MapKind::kCross);
  const Explainer::Look look = explainer.look(painted(90, 60, 1), 0);  // framed to 72 x 48
  ASSERT_EQ(look.objects().size(), 19u);
  expect_all_kinds(explainer, look);
  const ExplainedMap cross = look.map({.kind = MapKind::kCross, .object = 2});
  EXPECT_EQ(cross.values.size(), cv::Size(3, 2));
  EXPECT_NEAR(cv::sum(cross.values)[0], 1, 1e-5);
  EXPECT_EQ(cross.subject, "object 2: " + look.objects()[2].label);
  const ExplainedMap self = look.map({.kind = MapKind::kEncoderSelf, .head = 1, .at = cv::Point2d(80, 50)});
  EXPECT_NEAR(cv::sum(self.values)[0], 1, 1e-5);
  EXPECT_EQ(look.map({.kind = MapKind::kGradCam}).of, "backbone");
  const auto line = [&](const MapRequest& request) { return refusal_of([&] { look.map(request); }); };
  expect_words(line({.kind = MapKind::kCross, .object = 19}), {"object 19", "0 to 18"});
  expect_words(line({.kind = MapKind::kRollout}), {"rollout", "cross, encoder-self"});
  expect_words(line({.kind = MapKind::kEncoderSelf}), {"point"});
  expect_words(line({.kind = MapKind::kGradCam, .class_id = 3}), {"class 3", "0 to 2"});
  expect_words(refusal_of([&] { explainer.look(painted(90, 60, 1), 1).map({.kind = MapKind::kCross}); }),
               {"threshold"});
  expect_words(refusal_of([&] { look.score(cross.values, {}); }), {"classifier"});
}

TEST(Explainer, ShowsWhatAYolosTokenReads) {
  const TestFolder folder;
  const Explainer explainer = Explainer::random(write_yolos(folder), 3);
  EXPECT_EQ(explainer.usual_kind(), MapKind::kRelevance);
  const Explainer::Look look = explainer.look(painted(96, 64, 1), 0);
  expect_all_kinds(explainer, look);
  EXPECT_EQ(look.map({.kind = MapKind::kRaw, .object = 1}).values.size(), cv::Size(6, 4));
  EXPECT_EQ(look.map({.kind = MapKind::kRaw, .at = cv::Point2d(90, 60)}).values.size(), cv::Size(6, 4));
  ASSERT_EQ(look.self_attention().size(), 3u);
  EXPECT_TRUE(look.self_attention()[0].reader.empty());
}

// Its points' weights are a share of 1 in each head; the reference is the middle of the box.
TEST(Explainer, ShowsTheEmbeddedDetectorsPoints) {
  const Explainer explainer = Explainer::load(kSource / "data/bccd-deformable");
  EXPECT_EQ(explainer.usual_kind(), MapKind::kPoints);
  EXPECT_EQ(explainer.layers(MapKind::kPoints), 3);
  EXPECT_EQ(explainer.heads(MapKind::kPoints), 8);
  const Explainer::Look look = explainer.look(painted(160, 120, 1), 0);
  expect_all_kinds(explainer, look);
  const ExplainedMap made = look.map({.kind = MapKind::kPoints, .object = 0});
  ASSERT_EQ(made.points.size(), 8u * 3 * 4);
  double sum = 0;
  for (const cv::Point3d& point : made.points) sum += point.z;
  EXPECT_NEAR(sum, 8, 1e-4);
  const Box& box = look.objects()[0].detection.box;
  EXPECT_NEAR(made.query->x, (box.x0 + box.x1) / 2, 1e-9);
  EXPECT_EQ(look.map({.kind = MapKind::kPoints, .head = 3}).points.size(), 3u * 4);
  EXPECT_TRUE(look.self_attention().empty());
}

TEST(Explainer, ShowsTheEmbeddedClassifiersBlocks) {
  const Explainer explainer = Explainer::load(kSource / "data/foveanet-cifar10");
  EXPECT_EQ(explainer.usual_kind(), MapKind::kGradCam);
  const Explainer::Look look = explainer.look(painted(64, 64, 1));
  expect_all_kinds(explainer, look);
  EXPECT_EQ(explainer.layers(MapKind::kChannels), 4);  // a residual block each
  EXPECT_EQ(look.map({.kind = MapKind::kChannels, .layer = 0}).values.size(), cv::Size(64, 1));
  const ExplainedMap affinity = look.map({.kind = MapKind::kAffinity, .at = cv::Point2d(30, 30)});
  EXPECT_EQ(affinity.values.size(), cv::Size(8, 8));
  EXPECT_NEAR(cv::sum(affinity.values)[0], 1, 1e-5);
  EXPECT_EQ(look.map({.kind = MapKind::kGradCam}).of, "stages.2");
  EXPECT_NEAR(cv::sum(look.map({.kind = MapKind::kRollout}).values)[0], 1, 1e-5);  // no token but the grid's
}

TEST(Explainer, DrawsTheSameNetworkAnew) {
  const std::filesystem::path model = kSource / "data/foveanet-cifar10";
  const cv::Mat picture = painted(64, 64, 1);
  const auto map = [&](const Explainer& explainer) {
    return explainer.look(picture).map({.kind = MapKind::kRollout}).values;
  };
  const cv::Mat trained = map(Explainer::load(model)), drawn = map(Explainer::random(model, 1));
  EXPECT_EQ(trained.size(), drawn.size());
  EXPECT_GT(cv::norm(trained, drawn), 0);
  EXPECT_EQ(cv::norm(drawn, map(Explainer::random(model, 1))), 0);
}

TEST(Explainer, ShowsDeiTTinysOwnAttention) {
  const std::filesystem::path shared = kSource / "../shared", model = shared / "weights/deit_tiny";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << shared << " is absent: no DeiT-Tiny to look at";
  const Explainer explainer = Explainer::load(model);
  const cv::Mat photo = read_image(shared / "fixtures/images/goldfish.jpg").rgb;
  const Explainer::Look look = explainer.look(photo);
  const auto outputs =
      ImageModel::load(model).run(channels_first(make_batch(std::span(&photo, 1), explainer.recipe())), true);
  for (const int layer : {0, 11}) {
    const cv::Mat got = look.map({.kind = MapKind::kRaw, .layer = layer, .head = 2}).values;
    ASSERT_EQ(got.size(), cv::Size(14, 14));
    const float* row = outputs.at("attentions." + std::to_string(layer)).data() + 2 * 197 * 197 + 1;
    for (int i = 0; i < 196; ++i) EXPECT_EQ(got.ptr<float>()[i], row[i]) << layer << " " << i;
  }
  EXPECT_NE(look.classes(1).front().label.find("goldfish"), std::string::npos);
  expect_all_kinds(explainer, look);
}

}  // namespace
}  // namespace fovea
