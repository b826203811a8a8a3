// How long COCO's figures take for as many pictures, objects and boxes as val2017 and a DETR have.
//   fovea_coco_evaluation [times [folder]]
// With a folder the same data go there, for compare_pycocotools.py.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "attention/base/parallel.h"
#include "attention/base/rng.h"
#include "vision/coco_results.h"

namespace fovea {
namespace {

constexpr int64_t kPictures = 5000, kObjects = 36'000, kCategories = 80, kFoundInEach = 100;

double cents(double x) {
  return std::round(x * 100) / 100;
}

// Few of them are in most pictures, as in COCO.
int64_t common_category(Rng& rng) {
  return static_cast<int64_t>(kCategories * std::pow(rng.uniform(), 2.5));
}

std::array<double, 4> any_box(Rng& rng) {
  const double width = cents(4 + 400 * std::pow(rng.uniform(), 3)),
               height = cents(4 + 400 * std::pow(rng.uniform(), 3));
  return {cents(rng.uniform() * (640 - width)), cents(rng.uniform() * (480 - height)), width, height};
}

AnnotatedPictures made_up_truth(Rng& rng) {
  AnnotatedPictures truth;
  for (int64_t c = 0; c < kCategories; ++c)
    truth.categories.push_back({c + 1, fmt::format("class {}", c + 1)});
  truth.pictures.resize(kPictures);
  for (size_t p = 0; p < truth.pictures.size(); ++p) truth.pictures[p].id = static_cast<int64_t>(7 * p + 1);
  for (int64_t i = 0; i < kObjects; ++i) {
    Annotation object;
    object.id = i + 1;
    object.bbox = any_box(rng);
    object.box = scored_box(0, 0, object.bbox, 0).box;
    object.area = cents(object.bbox[2] * object.bbox[3] * (0.5 + 0.5 * rng.uniform()));
    object.category = common_category(rng);
    object.crowd = rng.uniform() < 0.01;
    truth.pictures[rng.next() % kPictures].objects.push_back(object);
  }
  return truth;
}

// A box near an object that is there, or anywhere; the score tells a little which.
ScoredBox made_up_detection(Rng& rng, const AnnotatedPicture& shown, int64_t picture) {
  const bool near = !shown.objects.empty() && rng.uniform() < 0.15;
  if (!near) {
    const double score = std::round(1e4 * std::pow(rng.uniform(), 4)) / 1e4;
    return scored_box(picture, common_category(rng), any_box(rng), score);
  }
  const Annotation& object = shown.objects[rng.next() % shown.objects.size()];
  const int64_t category = rng.uniform() < 0.1 ? common_category(rng) : object.category;
  std::array<double, 4> bbox = object.bbox;
  const double spread = 0.15 * rng.uniform();
  for (size_t i = 0; i < 4; ++i)
    bbox[i] = cents(std::max(i < 2 ? 0.0 : 1.0, bbox[i] + spread * object.bbox[2 + i % 2] * rng.normal()));
  return scored_box(picture, category, bbox, std::round(1e4 * std::sqrt(rng.uniform())) / 1e4);
}

std::vector<ScoredBox> made_up_detections(Rng& rng, const AnnotatedPictures& truth) {
  std::vector<ScoredBox> found;
  for (int64_t p = 0; p < kPictures; ++p)
    for (int64_t i = 0; i < kFoundInEach; ++i)
      found.push_back(made_up_detection(rng, truth.pictures[static_cast<size_t>(p)], p));
  return found;
}

void write_files(const AnnotatedPictures& truth, const std::vector<ScoredBox>& found,
                 const std::filesystem::path& folder) {
  std::string images, annotations, categories;
  const auto next = [](std::string& list) { return list.empty() ? "\n" : ",\n"; };
  for (const AnnotatedPicture& picture : truth.pictures) {
    images += fmt::format("{}{{\"id\":{},\"width\":640,\"height\":480,\"file_name\":\"{}.jpg\"}}",
                          next(images), picture.id, picture.id);
    for (const Annotation& object : picture.objects) {
      const auto [x, y, width, height] = object.bbox;
      annotations += fmt::format(
          "{}{{\"id\":{},\"image_id\":{},\"category_id\":{},\"bbox\":[{},{},{},{}],\"area\":{},\"iscrowd\":{}"
          "}}",
          next(annotations), object.id, picture.id, object.category + 1, x, y, width, height, object.area,
          object.crowd ? 1 : 0);
    }
  }
  for (const Category& category : truth.categories)
    categories +=
        fmt::format("{}{{\"id\":{},\"name\":\"{}\"}}", next(categories), category.id, category.name);
  std::ofstream(folder / "annotations.json") << "{\"images\":[" << images << "],\n\"annotations\":["
                                             << annotations << "],\n\"categories\":[" << categories << "]}\n";
  // The file's own numbers, not those of the edges.
  std::string results;
  for (const ScoredBox& box : found)
    results +=
        fmt::format("{}{{\"image_id\":{},\"category_id\":{},\"bbox\":[{},{},{},{}],\"score\":{}}}",
                    next(results), truth.pictures[static_cast<size_t>(box.picture)].id, box.category + 1,
                    box.box.x0, box.box.y0, cents(box.box.width()), cents(box.box.height()), box.score);
  std::ofstream(folder / "results.json") << "[" << results << "]\n";
}

// Of processor time, which says the same on a machine that is busy with other things.
double median_seconds(int times, const AnnotatedPictures& truth, const std::vector<ScoredBox>& found,
                      CocoEvaluation& evaluation) {
  std::vector<double> seconds;
  Threads one(1);
  for (int i = 0; i < times; ++i) {
    const std::clock_t start = std::clock();
    one.run([&] { evaluation = evaluate_detections(truth, found); });
    seconds.push_back(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  std::nth_element(seconds.begin(), seconds.begin() + times / 2, seconds.end());
  return seconds[static_cast<size_t>(times / 2)];
}

void measure(int times, const std::string& folder) {
  Rng rng(1);
  const AnnotatedPictures truth = made_up_truth(rng);
  const std::vector<ScoredBox> found = made_up_detections(rng, truth);
  if (!folder.empty()) write_files(truth, found, folder);
  CocoEvaluation evaluation;
  const double seconds = median_seconds(times, truth, found, evaluation);
  fmt::print("{} pictures, {} objects, {} boxes, one thread, median of {}: {:.3f} s of processor time\n{}",
             kPictures, kObjects, found.size(), times, seconds, coco_summary(evaluation));
  for (const double figure : evaluation.stats) fmt::print("{:.17g}\n", figure);
}

}  // namespace
}  // namespace fovea

int main(int argc, char** argv) {
  fovea::measure(argc > 1 ? std::max(1, std::atoi(argv[1])) : 5, argc > 2 ? argv[2] : "");
}
