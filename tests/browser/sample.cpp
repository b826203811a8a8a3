// Writes the page that test.mjs opens, and what it must find there: sample <folder>.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "tests/vision/sample_page.h"

namespace fovea {
namespace {

// Flat on the left, so that a test can read colours there.
cv::Mat picture() {
  cv::Mat bgr(300, 400, CV_8UC3, cv::Scalar(90, 120, 60));
  cv::circle(bgr, {280, 150}, 70, {40, 90, 220}, cv::FILLED, cv::LINE_AA);
  return bgr;
}

AttentionPage page() {
  const std::string evil = "</script><img src=x onerror=alert(1)><b>.jpg";
  AttentionPage made = sample_page(picture(), {3, 4, 14, 14, 0.5, true});
  made.title = evil;
  made.objects = {{"ball 0.98 " + evil, {210, 80, 350, 220}}, {"ground 0.61", {60, 200, 200, 290}}};
  made.maps.push_back({"relevance", "Of one object.", 0, sample_map(14, 14, 0.75, 0.5)});
  made.maps.push_back({"relevance", "Of one object.", 1, sample_map(14, 14, 0.25, 0.8)});
  return made;
}

// The rows of two patches and the reader's, of one head and of the mean.
nlohmann::json expected(const AttentionPage& page) {
  const AttentionPage::Layer& layer = page.layers[1];
  const size_t cells = 196;
  nlohmann::json rows = nlohmann::json::array();
  for (const size_t patch : {size_t{0}, size_t{87}}) {
    std::vector<double> mean(cells, 0);
    for (size_t h = 0; h < 4; ++h) {
      const auto row = layer.weights.begin() + static_cast<int64_t>((h * cells + patch) * cells);
      const std::vector<double> values(row, row + cells);
      for (size_t k = 0; k < cells; ++k) mean[k] += values[k] / 4;
      rows.push_back({{"layer", 1}, {"head", h}, {"patch", patch}, {"values", values}});
    }
    rows.push_back({{"layer", 1}, {"head", 4}, {"patch", patch}, {"values", mean}});
  }
  const std::vector<double> reader(layer.reader.begin(), layer.reader.begin() + 196);
  rows.push_back({{"layer", 1}, {"head", 0}, {"patch", -1}, {"values", reader}});
  return {{"title", page.title}, {"caption", page.objects[0].caption}, {"rows", rows}};
}

}  // namespace
}  // namespace fovea

int main(int, char** arguments) {
  const std::filesystem::path folder = arguments[1];
  std::filesystem::create_directories(folder);
  const fovea::AttentionPage page = fovea::page();
  std::ofstream(folder / "page.html", std::ios::binary) << fovea::attention_page(page);
  std::ofstream(folder / "expected.json") << fovea::expected(page);
}
