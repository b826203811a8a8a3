#include "apps/attend_maps.h"

#include <algorithm>
#include <cmath>

#include "apps/attend_settings.h"
#include "attention/base/rng.h"
#include "attention/explain/faithfulness.h"

namespace fovea {
namespace {

constexpr char kOwnRange[] = "each map by its own least and greatest value";

// Objects to ask for: those of the picture, one of them, or none for a map that is of no object.
std::vector<std::optional<int64_t>> objects_for(const Explainer& explainer, const Explainer::Look& look,
                                                const AttendPlan& plan) {
  if (plan.request.object || !explainer.asks_for_object(plan.request)) return {plan.request.object};
  std::vector<std::optional<int64_t>> objects;
  const int64_t count = std::ssize(look.objects());
  for (int64_t i = 0; i < (plan.each_object ? count : std::min<int64_t>(count, 1)); ++i)
    objects.emplace_back(i);
  return objects;
}

ValueRange range_of_points(const std::vector<cv::Point3d>& points) {
  ValueRange range{0, 0, "circles by their weight"};
  if (points.empty()) return range;
  const auto lighter = [](const cv::Point3d& a, const cv::Point3d& b) { return a.z < b.z; };
  range.low = std::ranges::min_element(points, lighter)->z;
  range.high = std::ranges::max_element(points, lighter)->z;
  return range;
}

void measure(AttendedMap& made, const FramePlace& place) {
  const ExplainedMap& map = made.map;
  if (map.kind == MapKind::kPoints) {
    made.range = range_of_points(map.points);
    for (const cv::Point3d& point : map.points)
      if (point.z == made.range.high) made.peak = cv::Point2d(point.x, point.y);
    return;
  }
  made.range = range_of(map.values);
  made.range.rule = kOwnRange;
  if (map.kind != MapKind::kChannels) made.peak = peak_of(map.values, place);
}

// A map of the same grid that knows nothing.
cv::Mat random_map(cv::Size grid) {
  Rng rng(1);
  cv::Mat values(grid, CV_32F);
  for (int row = 0; row < grid.height; ++row)
    for (int column = 0; column < grid.width; ++column)
      values.at<float>(row, column) = static_cast<float>(rng.uniform());
  return values;
}

double likeness(const ExplainedMap& a, const ExplainedMap& b) {
  const auto values = [](const cv::Mat& m) {
    const cv::Mat whole = m.isContinuous() ? m : m.clone();
    const auto* begin = whole.ptr<float>();
    return std::vector<float>(begin, begin + whole.total());
  };
  if (a.values.size() != b.values.size()) fail("attend: the drawn model's map is of another size");
  return rank_correlation(values(a.values), values(b.values));
}

// The same place for a picture of the size of a sheet's tiles, so that hundreds of them fit into memory.
FramePlace tile_place(FramePlace place) {
  constexpr double kSide = 256;
  const cv::Size whole = place.picture;
  const double share = std::min(1.0, kSide / std::max(whole.width, whole.height));
  const auto pixels = [&](int side) { return std::max(1, static_cast<int>(std::lround(side * share))); };
  place.picture = {pixels(whole.width), pixels(whole.height)};
  place.scale_x *= static_cast<double>(whole.width) / place.picture.width;
  place.scale_y *= static_cast<double>(whole.height) / place.picture.height;
  return place;
}

AttendedSheet sheet_of(const Explainer& explainer, const Explainer::Look& look, MapRequest request) {
  const auto has = [&](MapKind kind) { return std::ranges::count(explainer.kinds(), kind) > 0; };
  if (explainer.layers(request.kind) == 0 && has(MapKind::kRaw)) request.kind = MapKind::kRaw;
  if (explainer.detects() && !request.object && !look.objects().empty()) request.object = 0;
  const int layers = std::max(1, explainer.layers(request.kind)), heads = explainer.heads(request.kind);
  const FramePlace place = tile_place(look.place());
  AttendedSheet sheet;
  for (int layer = 0; layer < layers; ++layer)
    for (int head = 0; head < std::max(1, heads); ++head) {
      if (explainer.layers(request.kind) > 0) request.layer = layer;
      if (heads > 0) request.head = head;
      const ExplainedMap map = look.map(request);
      if (map.values.empty() || request.kind == MapKind::kChannels)
        fail("attend: ", name_of(request.kind), " maps do not lie over the picture; leave --sheet out");
      sheet.tiles.push_back({layer, head, grid_to_picture(map.values, place)});
      if (head == 0) sheet.rows.push_back(map.of);
      if (layer == 0) sheet.columns.push_back(heads > 0 ? "head " + std::to_string(head) : map.subject);
      if (sheet.title.empty()) sheet.title = std::string(name_of(request.kind)) + ", " + map.subject;
    }
  return sheet;
}

}  // namespace

std::optional<cv::Point2d> peak_of(const cv::Mat& values, const FramePlace& place) {
  std::optional<cv::Point2d> peak;
  float greatest = 0;
  const cv::Rect2d picture(0, 0, place.picture.width, place.picture.height);
  for (int row = 0; row < values.rows; ++row)
    for (int column = 0; column < values.cols; ++column) {
      const float value = values.at<float>(row, column);
      if (std::isnan(value) || (peak && value <= greatest)) continue;
      const cv::Point2d at = place.to_picture(
          {(column + 0.5) * place.frame.width / values.cols, (row + 0.5) * place.frame.height / values.rows});
      if (!picture.contains(at)) continue;
      greatest = value;
      peak = at;
    }
  return peak;
}

std::string part_of(const ExplainedMap& map) {
  return map.head ? map.of + " head " + std::to_string(*map.head) : map.of;
}

std::shared_ptr<Attended> attend(const Explainer& explainer, const cv::Mat& rgb, const AttendPlan& plan,
                                 const std::string& source) {
  const Explainer::Look look = explainer.look(rgb, plan.threshold);
  auto all = std::make_shared<Attended>();
  all->input = look.input();
  all->place = look.place();
  all->objects = look.objects();
  if (!explainer.detects()) all->classes = look.classes(1);
  MapRequest request = plan.request;
  std::optional<Explainer::Look> drawn;
  if (plan.drawn) drawn = plan.drawn->look(rgb, plan.threshold);
  // So that the drawn model explains the same class.
  if (!request.class_id && !all->classes.empty()) request.class_id = all->classes[0].id;
  for (const std::optional<int64_t>& object : objects_for(explainer, look, plan)) {
    request.object = object;
    AttendedMap made;
    made.map = look.map(request);
    made.object = object;
    measure(made, all->place);
    if (plan.score) {
      made.faithfulness = look.score(made.map.values, request.class_id);
      made.by_chance = look.score(random_map(made.map.values.size()), request.class_id);
    }
    if (drawn) made.drawn_weights = likeness(made.map, drawn->map(request));
    all->maps.push_back(std::move(made));
  }
  if (plan.sheet) all->sheet = sheet_of(explainer, look, plan.request);
  if (plan.page) {
    all->page = page_of(explainer, look, plan.request);
    all->page->title = source;
  }
  return all;
}

}  // namespace fovea
