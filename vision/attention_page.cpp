#include "vision/attention_page.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "attention/base/error.h"
#include "vision/page_data.h"
#include "vision/page_parts.h"
#include "vision/page_weights.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;
using Bytes = std::vector<uint8_t>;

constexpr int kLongestSide = 1024, kJpegQuality = 85;
constexpr size_t kBudget = 2'900'000;  // of the page's bytes, if coarser weights can hold it
constexpr int kLevels[] = {11, 15, 22, 31, 45, 63, 90, 127, 180, 255};

std::string picture_uri(const cv::Mat& bgr) {
  if (bgr.empty() || bgr.type() != CV_8UC3) fail("attention page: the picture must be 8-bit with 3 channels");
  const double scale = std::min(1.0, kLongestSide / static_cast<double>(std::max(bgr.cols, bgr.rows)));
  const auto side = [&](int n) { return std::max(1, static_cast<int>(std::lround(n * scale))); };
  cv::Mat shown = bgr;
  if (scale < 1) cv::resize(bgr, shown, {side(bgr.cols), side(bgr.rows)}, 0, 0, cv::INTER_AREA);
  Bytes jpeg;
  if (!cv::imencode(".jpg", shown, jpeg, {cv::IMWRITE_JPEG_QUALITY, kJpegQuality}))
    fail("attention page: OpenCV cannot write a JPEG");
  return "data:image/jpeg;base64," + base64(jpeg);
}

// Left, top, right, bottom as shares of the picture.
Json shares(cv::Point2d from, cv::Point2d to, cv::Size picture) {
  return {from.x / picture.width, from.y / picture.height, to.x / picture.width, to.y / picture.height};
}

Json frame_of(const FramePlace& place, double columns = 1, double rows = 1) {
  const cv::Point2d end(place.frame.width * columns, place.frame.height * rows);
  return shares(place.to_picture({0, 0}), place.to_picture(end), place.picture);
}

// Colours at equal steps, between which the page interpolates.
Json colour_stops(int colour_map) {
  cv::Mat grey(1, 52, CV_8U), bgr;
  for (int i = 0; i < grey.cols; ++i) grey.at<uint8_t>(i) = static_cast<uint8_t>(5 * i);
  cv::applyColorMap(grey, bgr, colour_map);
  Json stops = Json::array();
  for (int i = 0; i < bgr.cols; ++i) {
    const auto& c = bgr.at<cv::Vec3b>(i);
    stops.push_back({c[2], c[1], c[0]});
  }
  return stops;
}

// Adds the map's codes to `bytes`: 0 to 254 from its least to its greatest value, 255 for no value.
Json packed_map(const AttentionPage::Map& map, int objects, Bytes& bytes) {
  if (map.values.empty() || map.values.type() != CV_32F)
    fail("attention page: the map '", map.method, "' must be a grid of float");
  if (map.object < -1 || map.object >= objects)
    fail("attention page: the map '", map.method, "' is of object ", map.object, " of ", objects);
  float low = INFINITY, high = -INFINITY;
  cv::Mat_<float> values(map.values);
  for (const float v : values)
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  if (low > high) low = high = 0;
  const size_t at = bytes.size();
  const double step = high > low ? 254 / (double{high} - low) : 0;
  for (const float v : values)
    bytes.push_back(std::isfinite(v) ? static_cast<uint8_t>(std::lround((double{v} - low) * step)) : 255);
  return {{"method", map.method},   {"note", map.note}, {"object", map.object}, {"rows", values.rows},
          {"columns", values.cols}, {"low", low},       {"high", high},         {"at", at}};
}

// Several maps of one name and object: all but the first get a number, so that all can be chosen.
std::vector<AttentionPage::Map> numbered(std::vector<AttentionPage::Map> maps) {
  std::vector<AttentionPage::Map> named = maps;
  for (size_t i = 0; i < maps.size(); ++i) {
    const auto same = [&](const auto& m) { return m.method == maps[i].method && m.object == maps[i].object; };
    const auto before = std::count_if(maps.begin(), maps.begin() + static_cast<int64_t>(i), same);
    if (before > 0) named[i].method += " " + std::to_string(before + 1);
  }
  return named;
}

Json described(const AttentionPage& page) {
  Json data = {
      {"title", page.title},
      {"made", page.model + " - Fovea " + page.fovea},
      {"frame", frame_of(page.place)},
      {"colours",
       {{"inferno", colour_stops(cv::COLORMAP_INFERNO)}, {"viridis", colour_stops(cv::COLORMAP_VIRIDIS)}}}};
  const bool reader = !page.layers.empty() && !page.layers.front().reader.empty();
  data["reader"] = reader ? "the class token attends" : "the patches attend on average";
  data["objects"] = Json::array();
  const cv::Size size = page.place.picture;
  for (const auto& [caption, box] : page.objects)
    data["objects"].push_back(
        {{"caption", caption}, {"box", shares({box.x0, box.y0}, {box.x1, box.y1}, size)}});
  data["layers"] = data["maps"] = Json::array();
  return data;
}

// What the page unpacks: codes of the weights, their rows' ends, codes of the maps.
struct Payload {
  std::string base64 = {};
  size_t ends = 0, maps = 0;
};
Payload payload(const PageWeights& weights, int levels, const Bytes& maps) {
  PackedRows rows = packed_rows(weights, levels);
  Bytes& all = rows.codes;
  Payload made{.ends = all.size(), .maps = all.size() + rows.ends.size()};
  all.insert(all.end(), rows.ends.begin(), rows.ends.end());
  all.insert(all.end(), maps.begin(), maps.end());
  made.base64 = base64(deflated(all));
  return made;
}

// The highest of kLevels by which a sample of the weights lets all fit into `room` bytes; -1: none. A sample
// misses what neighbouring rows share, so that near the room the lowest is worth a try.
int promising(const PageWeights& weights, const Bytes& maps, size_t room) {
  const auto stride = std::max<int64_t>(1, static_cast<int64_t>(weights.values.size()) / 1'000'000);
  const PageWeights some = sampled(weights, stride);
  const auto estimate = [&](int i) {
    return payload(some, kLevels[i], {}).base64.size() * static_cast<size_t>(stride) + 2 * maps.size();
  };
  int fits = -1, fails = std::size(kLevels);
  while (fails - fits > 1) {
    const int middle = (fits + fails) / 2;
    (estimate(middle) <= room ? fits : fails) = middle;
  }
  return fits < 0 && estimate(0) <= room + room / 2 ? 0 : fits;
}

// As many levels as fit into `room` bytes; if none does, a coarser grid.
struct Choice {
  PageWeights weights;
  int levels = 0;
  Payload payload;
};
Choice choose(PageWeights weights, const Bytes& maps, size_t room) {
  for (;; weights = coarser(weights)) {
    const bool last = weights.cells() <= 64;  // no coarser than that, whatever it costs
    for (int i = std::max(promising(weights, maps, room), last ? 0 : -1); i >= 0; --i) {
      Payload made = payload(weights, kLevels[i], maps);
      if (made.base64.size() <= room || (last && i == 0))
        return {std::move(weights), kLevels[i], std::move(made)};
    }
  }
}

Json described(const Choice& choice, const AttentionPage& page) {
  const PageWeights& weights = choice.weights;
  std::string note =
      "Kept in " + std::to_string(choice.levels) + " square-root steps between each row's ends.";
  const std::string side = std::to_string(weights.pooled);
  if (weights.pooled > 1) note += " Means over " + side + " x " + side + " patches.";
  // A coarser grid's last cells may reach past the frame.
  const double columns = static_cast<double>(weights.columns) * weights.pooled / page.columns;
  const double rows = static_cast<double>(weights.rows) * weights.pooled / page.rows;
  return {{"rows", weights.rows},
          {"columns", weights.columns},
          {"levels", choice.levels},
          {"ends", choice.payload.ends},
          {"rowsInAll", weights.rows_in_all()},
          {"note", note},
          {"frame", frame_of(page.place, columns, rows)}};
}

}  // namespace

std::string attention_page(const AttentionPage& page) {
  Json data = described(page);
  data["picture"] = picture_uri(page.bgr);
  Bytes maps;
  for (const AttentionPage::Map& map : numbered(page.maps))
    data["maps"].push_back(packed_map(map, static_cast<int>(page.objects.size()), maps));

  const size_t rest = data["picture"].get_ref<const std::string&>().size() + 60'000;
  const Choice choice = choose(page_weights(page), maps, rest < kBudget ? kBudget - rest : 0);
  for (auto& map : data["maps"]) map["at"] = map["at"].get<size_t>() + choice.payload.maps;
  for (size_t i = 0; i < page.layers.size(); ++i)
    data["layers"].push_back(
        {{"name", page.layers[i].name}, {"heads", page.layers[i].heads}, {"row", choice.weights.first[i]}});
  if (!page.layers.empty()) data["grid"] = described(choice, page);

  const std::string json = for_script(data.dump(-1, ' ', true, Json::error_handler_t::replace));
  const std::pair<std::string_view, std::string_view> parts[] = {{"style", page_parts::kStyle},
                                                                 {"script", page_parts::kScript},
                                                                 {"data", json},
                                                                 {"bytes", choice.payload.base64}};
  return filled(page_parts::kHtml, parts);
}

}  // namespace fovea
