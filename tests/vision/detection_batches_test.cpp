#include "vision/detection_batches.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "attention/base/parallel.h"
#include "tests/support/temp_folder.h"
#include "tests/vision/picture_data.h"
#include "vision/decode.h"
#include "vision/framed_batch.h"

namespace fovea {
namespace {

// Each object has a colour of its own: its picture's number, its label, 200.
cv::Scalar colour_of(int picture, int label) {
  return cv::Scalar(20 + 10 * picture, 50 + 40 * label, 200);
}

constexpr int kPictures = 6;

// Black pictures of 64 x 48 or 48 x 64 with two coloured rectangles each, and a third that is a crowd or
// difficult and has the colour of none.
struct Painted {
  Painted() {
    data.images = folder.path();
    for (int i = 0; i < kPictures; ++i) {
      const bool tall = i % 3 == 2;
      cv::Mat rgb(tall ? 64 : 48, tall ? 48 : 64, CV_8UC3, cv::Scalar(0, 0, 0));
      AnnotatedPicture picture{
          .id = i, .file = std::to_string(i) + ".png", .width = rgb.cols, .height = rgb.rows, .objects = {}};
      const auto paint = [&](const cv::Rect& at, int label, bool crowd, bool difficult) {
        const bool wanted = !crowd && !difficult;
        rgb(at).setTo(wanted ? colour_of(i, label) : cv::Scalar(255, 255, 255));
        const Box box{double(at.x), double(at.y), double(at.x + at.width), double(at.y + at.height)};
        picture.objects.push_back({.box = box, .category = label, .crowd = crowd, .difficult = difficult});
      };
      paint({4 + i, 6, 14, 10}, 0, false, false);
      paint({20, 26 + i, 12, 9}, 1 + i % 2, false, false);
      paint({36, 4, 8, 8}, 1, i % 2 == 0, i % 2 == 1);
      write_bytes(folder.path() / picture.file, png_of(rgb));
      data.pictures.push_back(picture);
    }
  }
  std::vector<int64_t> all() const { return {0, 1, 2, 3, 4, 5}; }

  TempFolder folder;
  AnnotatedPictures data;
};

// Keeps pixel values.
Recipe plain(Recipe::Fit fit, int64_t height, int64_t width) {
  Recipe recipe;
  recipe.fit = fit;
  recipe.resize_height = height;
  recipe.resize_width = width;
  recipe.filter = Filter::kNearest;
  recipe.rescale = 1;
  recipe.normalise = false;
  recipe.pad = fit != Recipe::Fit::kSquash;
  return recipe;
}

struct Frame {
  const float* pixels;
  int width, height;  // of the frame
  int wide, high;     // of the picture in it
  bool has(int x, int y, const cv::Scalar& colour) const {
    const float* p = pixels + 3 * (y * width + x);
    return p[0] == colour[0] && p[1] == colour[1] && p[2] == colour[2];
  }
  int count(const cv::Scalar& colour, int x0, int y0, int x1, int y1) const {
    int n = 0;
    for (int y = std::max(y0, 0); y < std::min(y1, height); ++y)
      for (int x = std::max(x0, 0); x < std::min(x1, width); ++x) n += has(x, y, colour);
    return n;
  }
};

Frame frame_of(const DetectionBatch& batch, size_t i) {
  const auto height = static_cast<int>(batch.images.dim(1)), width = static_cast<int>(batch.images.dim(2));
  const auto pixels = static_cast<size_t>(height) * static_cast<size_t>(width);
  Frame frame{batch.images.data() + i * 3 * pixels, width, height, width, height};
  if (!batch.padding) return frame;
  const float* padding = batch.padding.data() + i * pixels;
  frame.wide = static_cast<int>(std::find(padding, padding + width, 1.0f) - padding);
  frame.high = 0;
  while (frame.high < height && padding[frame.high * width] == 0) ++frame.high;
  return frame;
}

Box pixels_of(const FramedObjects& objects, size_t i, const Frame& frame) {
  const float* b = objects.boxes.data() + 4 * i;
  return {(b[0] - b[2] / 2) * frame.wide, (b[1] - b[3] / 2) * frame.high, (b[0] + b[2] / 2) * frame.wide,
          (b[1] + b[3] / 2) * frame.high};
}

// The pixels of the colour lie in the box, up to a pixel at its edges, and fill it.
void expect_around(const Frame& frame, const Box& box, const cv::Scalar& colour, bool alone) {
  const int x0 = int(std::lround(box.x0)), y0 = int(std::lround(box.y0));
  const int x1 = int(std::lround(box.x1)), y1 = int(std::lround(box.y1));
  const int inner = std::max(0, x1 - x0 - 2) * std::max(0, y1 - y0 - 2);
  EXPECT_EQ(frame.count(colour, x0 + 1, y0 + 1, x1 - 1, y1 - 1), inner) << x0 << " " << y0 << " " << x1;
  const int around = frame.count(colour, x0 - 1, y0 - 1, x1 + 1, y1 + 1);
  EXPECT_TRUE(!alone || around == frame.count(colour, 0, 0, frame.width, frame.height)) << around;
}

void expect_on_objects(const DetectionBatch& batch, double least_share, bool several) {
  ASSERT_EQ(batch.objects.size(), batch.pictures.size());
  for (size_t i = 0; i < batch.objects.size(); ++i) {
    const FramedObjects& objects = batch.objects[i];
    const Frame frame = frame_of(batch, i);
    ASSERT_EQ(objects.boxes.size(), 4 * objects.labels.size());
    for (size_t k = 0; k < objects.labels.size(); ++k) {
      const Box box = pixels_of(objects, k, frame);
      EXPECT_TRUE(box.x0 > -1e-3 && box.y0 > -1e-3 && box.x1 < frame.wide + 1e-3 &&
                  box.y1 < frame.high + 1e-3);
      EXPECT_TRUE(box.width() > 1 - 1e-3 && box.height() > 1 - 1e-3);
      if (several) {  // of a mosaic: that some picture's object of this label fills the box
        const int x = int((box.x0 + box.x1) / 2), y = int((box.y0 + box.y1) / 2);
        int picture = 0;
        while (picture < kPictures && !frame.has(x, y, colour_of(picture, objects.labels[k]))) ++picture;
        ASSERT_LT(picture, kPictures) << x << " " << y;
        expect_around(frame, box, colour_of(picture, objects.labels[k]), false);
      } else {
        expect_around(frame, box, colour_of(int(batch.pictures[i]), objects.labels[k]), true);
      }
    }
    if (several || least_share > 0) continue;
    for (const int label : {0, 1 + int(batch.pictures[i]) % 2})  // nothing that shows has no box
      EXPECT_TRUE(std::ranges::count(objects.labels, label) ||
                  frame.count(colour_of(int(batch.pictures[i]), label), 0, 0, frame.width, frame.height) <=
                      40)
          << label;
  }
}

TEST(DetectionBatches, BoxesStayOnTheirObjects) {
  const Painted painted;
  const DetectionAugmentation ways[] = {{.flip = 0},
                                        {.flip = 1},
                                        {.flip = 0, .flip_vertical = 1},
                                        {.flip = 0, .turn = true},
                                        {.flip = 0, .scale_low = 0.4, .scale_high = 0.9},
                                        {.flip = 0, .scale_low = 1.2, .scale_high = 2.5, .least_share = 0},
                                        {.flip = 0.5,
                                         .flip_vertical = 0.5,
                                         .turn = true,
                                         .scale_low = 0.5,
                                         .scale_high = 2,
                                         .least_share = 0.4},
                                        {.flip = 0.5,
                                         .flip_vertical = 0.5,
                                         .turn = true,
                                         .scale_low = 0.5,
                                         .scale_high = 2,
                                         .mosaic = 1,
                                         .least_share = 0}};
  const Recipe recipes[] = {plain(Recipe::Fit::kSquash, 96, 128), plain(Recipe::Fit::kSquash, 80, 80),
                            plain(Recipe::Fit::kShortestLongest, 72, 90), plain(Recipe::Fit::kKeep, 1, 1)};
  for (const Recipe& recipe : recipes)
    for (const DetectionAugmentation& how : ways) {
      DetectionBatches batches(painted.data, painted.all(), recipe, how, {.batch = 3, .seed = 5});
      size_t objects = 0;
      for (int64_t at = 0; at < 8; ++at) {
        const DetectionBatch batch = batches.batch(at / 2, at % 2);
        expect_on_objects(batch, how.least_share, how.mosaic > 0);
        for (const FramedObjects& of_one : batch.objects) objects += of_one.labels.size();
        EXPECT_EQ(std::ssize(batch.sizes), 3);
        for (size_t i = 0; i < 3; ++i)
          EXPECT_EQ(batch.sizes[i].width, painted.data.pictures[size_t(batch.pictures[i])].width);
      }
      EXPECT_GT(objects, 10u);  // of 48 if none is lost
    }
}

TEST(DetectionBatches, CountAnObjectByTheShareThatIsLeft) {
  const Painted painted;
  const auto objects_with = [&](double least_share) {
    DetectionBatches batches(painted.data, painted.all(), plain(Recipe::Fit::kSquash, 48, 64),
                             {.flip = 0, .scale_low = 2, .scale_high = 2, .least_share = least_share},
                             {.batch = 6});
    size_t objects = 0;
    for (int64_t epoch = 0; epoch < 10; ++epoch) {
      const DetectionBatch batch = batches.batch(epoch, 0);
      for (const FramedObjects& one : batch.objects) objects += one.labels.size();
    }
    return objects;
  };
  const size_t any = objects_with(0), half = objects_with(0.5), whole = objects_with(1);
  EXPECT_GT(any, half);
  EXPECT_GT(half, whole);
  EXPECT_GT(whole, 0u);
}

bool same(const DetectionBatch& a, const DetectionBatch& b) {
  const auto equal = [](const Tensor& x, const Tensor& y) {
    return bool(x) == bool(y) && (!x || x.shape() == y.shape()) && std::ranges::equal(x.values(), y.values());
  };
  if (!equal(a.images, b.images) || !equal(a.padding, b.padding)) return false;
  if (a.pictures != b.pictures || a.failures != b.failures) return false;
  return std::ranges::equal(a.objects, b.objects, [](const FramedObjects& x, const FramedObjects& y) {
    return x.labels == y.labels && x.boxes == y.boxes;
  });
}

TEST(DetectionBatches, DependOnSeedEpochAndStepAlone) {
  const Painted painted;
  const DetectionAugmentation how{.flip = 0.5,
                                  .turn = true,
                                  .scale_low = 0.7,
                                  .scale_high = 1.4,
                                  .brightness = 0.3,
                                  .contrast = 0.3,
                                  .saturation = 0.3,
                                  .hue = 0.1,
                                  .mosaic = 0.5};
  for (const Recipe& recipe :
       {plain(Recipe::Fit::kSquash, 40, 50), plain(Recipe::Fit::kShortestLongest, 40, 50)}) {
    const auto batches_of = [&](const BatchOptions& options) {
      return DetectionBatches(painted.data, painted.all(), recipe, how, options);
    };
    std::vector<DetectionBatch> want;
    Threads(1).run([&] {
      auto batches = batches_of({.batch = 2, .seed = 3, .prefetch = false});
      for (int64_t at = 0; at < 6; ++at) want.push_back(batches.batch(at / 3, at % 3));
    });
    for (const BatchOptions& options :
         {BatchOptions{.batch = 2, .seed = 3}, BatchOptions{.batch = 2, .seed = 3, .workers = 3},
          BatchOptions{.batch = 2, .seed = 3, .memory = 0, .prefetch = false},
          BatchOptions{.batch = 2, .seed = 3, .memory = 20'000}})
      Threads(3).run([&] {
        auto batches = batches_of(options);
        for (const int64_t at : {0, 1, 2, 3, 5, 0, 4, 5})  // goes on, leaves out, comes back
          EXPECT_TRUE(same(batches.batch(at / 3, at % 3), want[static_cast<size_t>(at)])) << at;
      });
    auto other = batches_of({.batch = 2, .seed = 4});
    EXPECT_FALSE(same(other.batch(0, 0), want[0]));
  }
}

TEST(DetectionBatches, AnEpochHoldsEachPictureOnce) {
  const Painted painted;
  DetectionBatches batches(painted.data, painted.all(), plain(Recipe::Fit::kSquash, 40, 50), {},
                           {.batch = 4, .drop_last = false});
  std::set<std::vector<int64_t>> orders;
  for (int64_t epoch = 0; epoch < 4; ++epoch) {
    std::vector<int64_t> order;
    for (int64_t step = 0; step < batches.steps(); ++step) {
      const DetectionBatch batch = batches.batch(epoch, step);
      order.insert(order.end(), batch.pictures.begin(), batch.pictures.end());
    }
    orders.insert(order);
    std::ranges::sort(order);
    EXPECT_EQ(order, painted.all());
  }
  EXPECT_GT(orders.size(), 2u);
}

TEST(DetectionBatches, PadAndSayWhere) {
  const Painted painted;
  Recipe recipe = plain(Recipe::Fit::kKeep, 1, 1);
  const std::vector<int64_t> wide_and_tall{0, 2};
  for (const bool hide : {true, false})
    for (const int64_t side : {0, 100}) {
      recipe.hide_padding = hide;
      recipe.pad_height = recipe.pad_width = side;
      DetectionBatches batches(painted.data, wide_and_tall, recipe, {.flip = 0}, {.batch = 2});
      const DetectionBatch batch = batches.batch(0, 0);
      const int64_t height = side > 0 ? side : 64, width = side > 0 ? side : 64;
      ASSERT_EQ(batch.images.shape(), (Shape{2, height, width, 3}));
      ASSERT_EQ(bool(batch.padding), hide);
      for (size_t i = 0; i < 2; ++i) {
        const cv::Size size = batch.sizes[i];
        const Box over = hide ? Box{0, 0, double(size.width), double(size.height)}
                              : Box{0, 0, double(width), double(height)};
        const Box& first = painted.data.pictures[size_t(batch.pictures[i])].objects[0].box;
        EXPECT_NEAR(batch.objects[i].boxes[0], (first.x0 + first.x1) / 2 / over.x1, 1e-6);
        EXPECT_NEAR(batch.objects[i].boxes[3], first.height() / over.y1, 1e-6);
        for (int64_t y = 0; y < height; ++y)
          for (int64_t x = 0; x < width; ++x) {
            const bool outside = y >= size.height || x >= size.width;
            const auto at = static_cast<size_t>((int64_t(i) * height + y) * width + x);
            ASSERT_TRUE(!hide || batch.padding.values()[at] == (outside ? 1.0f : 0.0f));
            ASSERT_TRUE(!outside || batch.images.values()[3 * at] == 0);
          }
      }
    }
}

TEST(DetectionEvaluationBatches, AreWhatTheRecipeMakesOfEachPictureAlone) {
  Painted painted;
  painted.data.pictures[4].width = 0;  // the data set does not say
  Recipe recipe = plain(Recipe::Fit::kShortestLongest, 40, 60);
  recipe.normalise = true;
  for (const auto& [fit, steps] : {std::pair(Recipe::Fit::kSquash, 2), {Recipe::Fit::kShortestLongest, 3}}) {
    recipe.fit = fit;
    DetectionEvaluationBatches batches(painted.data, painted.all(), recipe, {.batch = 4});
    EXPECT_EQ(batches.steps(), steps);
    std::vector<int64_t> seen;
    for (int64_t step = 0; step < batches.steps(); ++step) {
      const DetectionBatch batch = batches.batch(step);
      EXPECT_FALSE(batch.padding);
      const int64_t each = batch.images.count() / batch.images.dim(0);
      for (size_t i = 0; i < batch.pictures.size(); ++i) {
        const AnnotatedPicture& picture = painted.data.pictures[size_t(batch.pictures[i])];
        const cv::Mat rgb = read_image(painted.folder.path() / picture.file).rgb;
        EXPECT_EQ(batch.sizes[i], rgb.size());
        const FramedBatch one = make_framed_batch({&rgb, 1}, recipe);
        const auto got = batch.images.values().subspan(i * size_t(each), size_t(each));
        EXPECT_TRUE(std::ranges::equal(one.images.values(), got));
        EXPECT_EQ(batch.objects[i].labels.size(), 2u);  // neither the crowd nor the difficult one
        seen.push_back(batch.pictures[i]);
      }
    }
    std::ranges::sort(seen);
    EXPECT_EQ(seen, painted.all());
    EXPECT_THROW(batches.batch(batches.steps()), Error);
  }
}

TEST(DetectionBatches, LeaveDamagedPicturesOutAndTellOnce) {
  const Painted painted;
  write_bytes(painted.folder.path() / "3.png", {'n', 'o'});
  const Recipe recipe = plain(Recipe::Fit::kSquash, 40, 50);
  for (const double mosaic : {0.0, 1.0}) {
    DetectionBatches batches(painted.data, painted.all(), recipe, {.mosaic = mosaic}, {.batch = 6});
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      const DetectionBatch batch = batches.batch(epoch, 0);
      EXPECT_EQ(batch.images.dim(0), 5);
      EXPECT_EQ(batch.objects.size(), 5u);
      EXPECT_EQ(std::ranges::count(batch.pictures, 3), 0);
    }
    ASSERT_EQ(batches.failures().size(), 1u);
    EXPECT_NE(batches.failures()[0].name.find("3.png"), std::string::npos);
  }
  DetectionBatches none(painted.data, {3}, recipe, {}, {.batch = 1});
  EXPECT_FALSE(none.batch(0, 0).images);
  DetectionBatches strict(painted.data, {3}, recipe, {}, {.batch = 1, .stop_at_failure = true});
  EXPECT_NE(complaint([&] { strict.batch(0, 0); }).find("3.png"), std::string::npos);
}

TEST(DetectionBatches, RefuseWhatCannotBe) {
  const Painted painted;
  Recipe recipe = plain(Recipe::Fit::kSquash, 40, 50);
  const auto why = [&](std::vector<int64_t> indices, const DetectionAugmentation& how) {
    return complaint([&] { DetectionBatches(painted.data, std::move(indices), recipe, how, {.batch = 1}); });
  };
  EXPECT_EQ(why({0}, {}), "");
  EXPECT_NE(why({}, {}).find("no pictures"), std::string::npos);
  EXPECT_NE(why({6}, {}).find("picture 6 is not one of the 6"), std::string::npos);
  EXPECT_NE(why({0}, {.flip = 2}).find("flip is 2"), std::string::npos);
  EXPECT_NE(why({0}, {.scale_low = 2}).find("scale_high is 1"), std::string::npos);
  EXPECT_NE(why({0}, {.scale_low = 0}).find("scale_low is 0"), std::string::npos);
  recipe.crop = true;
  EXPECT_NE(why({0}, {}).find("crops"), std::string::npos);
}

}  // namespace
}  // namespace fovea
