#include "models/pipelines/detector.h"

#include <algorithm>

#include "models/pipelines/select_detections.h"
#include "tests/apps/tiny_detr.h"
#include "tests/apps/tiny_vit.h"
#include "tests/models/refusal.h"
#include "vision/framed_batch.h"

namespace fovea {
namespace {

cv::Mat painted(int width, int height, int seed) {
  cv::Mat rgb(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < 3 * width; ++x)
      rgb.ptr(y)[x] = static_cast<uint8_t>(x * (7 + seed) + y * 13 + seed * 31);
  return rgb;
}

bool same(const Detections& a, const Detections& b) {
  return std::ranges::equal(a, b, [](const Detection& x, const Detection& y) {
    return x.box == y.box && x.class_id == y.class_id && x.score == y.score && x.query == y.query;
  });
}

class TinyDetector : public testing::Test {
 protected:
  TestFolder folder;
  Detector detector = Detector::random(write_tiny_detr(folder, "tiny"), 3);
};

TEST_F(TinyDetector, SaysWhatItIs) {
  EXPECT_EQ(detector.info().id, "tiny");
  EXPECT_EQ(detector.info().architecture, "DetrForObjectDetection");
  EXPECT_EQ(detector.info().labels, (std::vector<std::string>{"cat", "dog & co", "car, red"}));
  EXPECT_EQ(detector.recipe().fit, Recipe::Fit::kShortestLongest);
  EXPECT_EQ(detector.recipe().resize_height, 48);
}

TEST_F(TinyDetector, FindsInAPicturesOwnPixels) {
  const cv::Mat small = painted(90, 60, 1), large = painted(900, 600, 1);
  for (const cv::Mat& picture : {small, large}) {
    const Detections found = detector(picture, 0.0f);
    ASSERT_EQ(found.size(), 19u);  // each query's best class
    for (size_t i = 0; i < found.size(); ++i) {
      const double centre = (found[i].box.x0 + found[i].box.x1) / 2;
      EXPECT_GE(centre, 0);
      EXPECT_LE(centre, picture.cols);
      EXPECT_LE((found[i].box.y0 + found[i].box.y1) / 2, picture.rows);
      EXPECT_GE(found[i].query, 0);
      EXPECT_LT(found[i].query, 19);
      EXPECT_LT(found[i].class_id, 3);
      if (i > 0) {
        EXPECT_LE(found[i].score, found[i - 1].score);
      }
    }
  }
  // The same frame of two pictures, one of them ten times as large.
  const Tensor frame = make_framed_batch(std::span(&small, 1), detector.recipe()).images;
  const BoxPredictions answer = detector.predict({frame});
  const Detections in_small = detector.select(answer, 0, {90, 60}, 0),
                   in_large = detector.select(answer, 0, {900, 600}, 0);
  EXPECT_TRUE(same(in_small, detector(small, 0.0f)));
  for (size_t i = 0; i < in_small.size(); ++i) {
    EXPECT_NEAR(in_large[i].box.x1, 10 * in_small[i].box.x1, 1e-9);
    EXPECT_NEAR(in_large[i].box.y0, 10 * in_small[i].box.y0, 1e-9);
  }
}

TEST_F(TinyDetector, ScoresAreAboveTheThreshold) {
  const cv::Mat picture = painted(90, 60, 2);
  const Detections all = detector(picture, 0.0f);
  const Detections some = detector(picture, all[6].score);
  EXPECT_EQ(some.size(), 6u);
  EXPECT_TRUE(same(some, Detections(all.begin(), all.begin() + 6)));
  EXPECT_TRUE(detector(picture, 1.0f).empty());
}

TEST_F(TinyDetector, ABatchOfOneSizeChangesNothing) {
  const std::vector<cv::Mat> pictures = {painted(90, 60, 1), painted(90, 60, 2), painted(90, 60, 3)};
  const FramedBatch batch = make_framed_batch(pictures, detector.recipe());
  EXPECT_FALSE(batch.padding);
  const BoxPredictions answer = detector.predict({batch.images, batch.padding});
  for (int64_t i = 0; i < 3; ++i) {
    const cv::Mat& picture = pictures[static_cast<size_t>(i)];
    EXPECT_TRUE(same(detector.select(answer, i, picture.size(), 0), detector(picture, 0.0f))) << i;
  }
}

// A picture that does not fill its frame: where its border is known, only the backbone sees beyond it.
TEST_F(TinyDetector, PaddingIsHidden) {
  const std::vector<cv::Mat> pictures = {painted(96, 48, 1), painted(48, 48, 2)};
  const FramedBatch batch = make_framed_batch(pictures, detector.recipe());
  ASSERT_TRUE(batch.padding);
  const FramedBatch alone = make_framed_batch(std::span(pictures).last(1), detector.recipe());
  const Tensor want = detector.predict({alone.images}).logits,
               hidden = detector.predict({batch.images, batch.padding}).logits,
               shown = detector.predict({batch.images}).logits;
  const auto error = [&](const Tensor& got) {
    double sum = 0;
    for (int64_t i = 0; i < want.count(); ++i) sum += std::abs(got.data()[want.count() + i] - want.data()[i]);
    return sum / static_cast<double>(want.count());
  };
  EXPECT_GT(error(shown), 1e-3);
  EXPECT_LT(error(hidden), error(shown) / 2) << error(shown);
}

TEST_F(TinyDetector, RunsOnTensorsByTheLibrarysNames) {
  const Tensor pixels = made_up({2, 3, 48, 64}, 0, 1);
  Tensor mask = Tensor::full({2, 48, 64}, 1);
  const auto plain = detector.run(pixels, {}, false), whole = detector.run(pixels, mask, false);
  EXPECT_EQ(plain.at("logits").shape(), (Shape{2, 19, 4}));
  EXPECT_EQ(plain.at("pred_boxes").shape(), (Shape{2, 19, 4}));
  for (const char* name : {"logits", "pred_boxes"})
    for (int64_t i = 0; i < plain.at(name).count(); ++i)
      EXPECT_NEAR(plain.at(name).data()[i], whole.at(name).data()[i], 1e-5) << name;  // nothing is hidden
  for (int64_t i = 48 * 32; i < 48 * 64; ++i) mask.mutable_data()[i] = 0;
  const auto half = detector.run(pixels, mask, false);
  EXPECT_NE(half.at("logits").data()[0], plain.at("logits").data()[0]);
  const int64_t second = plain.at("logits").count() / 2;
  EXPECT_NEAR(half.at("logits").data()[second], plain.at("logits").data()[second], 1e-5);
  EXPECT_TRUE(detector.run(pixels, {}, true).contains("encoder_last_hidden_state"));
}

TEST_F(TinyDetector, PicturesOfAnyShape) {
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(48, 1), cv::Size(1, 60), cv::Size(80, 2)})
    EXPECT_EQ(detector(painted(size.width, size.height, 1), 0.0f).size(), 19u) << size.width;
  expect_words(refusal_of([&] { detector(painted(20000, 20, 1)); }), {"20000 x 20"});
  expect_words(refusal_of([&] { detector(cv::Mat()); }), {"RGB"});
}

TEST_F(TinyDetector, RefusesWhatIsNoDetectorAndWhatHasNoWeights) {
  const std::string vit = write_tiny_vit(folder, "vit");
  expect_words(refusal_of([&] { Detector::load(vit); }), {"vit", "fovea classify"});
  expect_words(refusal_of([&] { Detector::load(folder / "tiny"); }), {"model.safetensors"});
  expect_words(refusal_of([&] { Detector::load(folder / "none"); }), {"none", "no such folder"});
}

}  // namespace
}  // namespace fovea
