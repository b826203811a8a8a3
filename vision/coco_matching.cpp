#include "vision/coco_matching.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

#include "attention/base/error.h"
#include "attention/base/parallel.h"

namespace fovea {
namespace {

// A detection or an object: the category and picture it counts for, by their place in the order of ids.
struct Entry {
  int64_t category, picture;
  int64_t kind;      // its own category's place
  int64_t input;     // its place in the input
  double score;      // objects: 0
  const void* what;  // ScoredBox or Annotation

  bool operator<(const Entry& other) const {
    return std::tuple(category, picture, -score, kind, input) <
           std::tuple(other.category, other.picture, -other.score, other.kind, other.input);
  }
};

// For each element its place among the chosen in the order of ids, or -1.
template <class Element>
std::vector<int64_t> places(const std::vector<Element>& all, const std::vector<int64_t>& chosen_ids) {
  const std::set<int64_t> chosen(chosen_ids.begin(), chosen_ids.end());
  std::vector<int64_t> order;
  for (size_t i = 0; i < all.size(); ++i)
    if (chosen.empty() || chosen.contains(all[i].id)) order.push_back(static_cast<int64_t>(i));
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return all[static_cast<size_t>(a)].id < all[static_cast<size_t>(b)].id;
  });
  std::vector<int64_t> place(all.size(), -1);
  for (size_t i = 0; i < order.size(); ++i) place[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return place;
}

// What one picture holds of one category.
struct Cell {
  int64_t category;
  std::span<const Entry> objects, detections;
  int64_t first;  // of its detections among all that count
};

const Annotation& object_of(const Entry& entry) {
  return *static_cast<const Annotation*>(entry.what);
}
const ScoredBox& detection_of(const Entry& entry) {
  return *static_cast<const ScoredBox*>(entry.what);
}

// A box and its area; from {x, y, width, height} the latter is exact, where edges can miss a last digit.
struct Extent {
  Box box;
  double area;
};

Extent extent_of(const ScoredBox& found) {
  return {found.box, found.area > 0 ? found.area : found.box.width() * found.box.height()};
}

Extent extent_of(const Annotation& object) {
  const auto [x, y, width, height] = object.bbox;
  if (width > 0 && height > 0) return {{x, y, x + width, y + height}, width * height};
  return {object.box, object.box.width() * object.box.height()};
}

double overlap(const Extent& d, const Extent& g, bool crowd) {
  const double width = std::min(d.box.x1, g.box.x1) - std::max(d.box.x0, g.box.x0);
  const double height = std::min(d.box.y1, g.box.y1) - std::max(d.box.y0, g.box.y0);
  if (!(width > 0) || !(height > 0)) return 0;
  const double common = width * height;
  return common / (crowd ? d.area : d.area + g.area - common);
}

bool outside(double area, const AreaRange& range) {
  return area < range.low || area > range.high;
}

std::vector<Entry> sorted_objects(const AnnotatedPictures& truth, const std::vector<int64_t>& picture_places,
                                  const std::vector<int64_t>& category_places, bool by_category) {
  std::vector<Entry> entries;
  for (size_t p = 0; p < truth.pictures.size(); ++p) {
    const std::vector<Annotation>& objects = truth.pictures[p].objects;
    for (size_t i = 0; i < objects.size(); ++i) {
      if (objects[i].category < 0 || objects[i].category >= std::ssize(truth.categories))
        fail("evaluate_detections: an object's category is ", objects[i].category, " of ",
             truth.categories.size());
      const int64_t kind = category_places[static_cast<size_t>(objects[i].category)];
      if (picture_places[p] < 0 || kind < 0) continue;
      entries.push_back(
          {by_category ? kind : 0, picture_places[p], kind, static_cast<int64_t>(i), 0, &objects[i]});
    }
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::vector<Entry> sorted_detections(std::span<const ScoredBox> found,
                                     const std::vector<int64_t>& picture_places,
                                     const std::vector<int64_t>& category_places, bool by_category) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < found.size(); ++i) {
    const ScoredBox& box = found[i];
    if (box.picture < 0 || box.picture >= std::ssize(picture_places) || box.category < 0 ||
        box.category >= std::ssize(category_places))
      fail("evaluate_detections: detection ", i, " is of picture ", box.picture, " and category ",
           box.category, ", but there are ", picture_places.size(), " and ", category_places.size());
    if (!std::isfinite(box.score)) fail("evaluate_detections: detection ", i, " has no finite score");
    const int64_t picture = picture_places[static_cast<size_t>(box.picture)];
    const int64_t kind = category_places[static_cast<size_t>(box.category)];
    if (picture < 0 || kind < 0) continue;
    entries.push_back({by_category ? kind : 0, picture, kind, static_cast<int64_t>(i), box.score, &box});
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

// The entries of the cell that begins at `begin`, which then moves behind them.
std::span<const Entry> take_cell(const std::vector<Entry>& entries, size_t& begin, int64_t category,
                                 int64_t picture) {
  const size_t start = begin;
  while (begin < entries.size() && entries[begin].category == category && entries[begin].picture == picture)
    ++begin;
  return {entries.data() + start, begin - start};
}

std::vector<Cell> cells_of(const std::vector<Entry>& objects, const std::vector<Entry>& detections,
                           int64_t most) {
  std::vector<Cell> cells;
  int64_t first = 0;
  for (size_t o = 0, d = 0; o < objects.size() || d < detections.size();) {
    auto key = std::tuple(INT64_MAX, INT64_MAX);
    if (o < objects.size()) key = std::min(key, std::tuple(objects[o].category, objects[o].picture));
    if (d < detections.size()) key = std::min(key, std::tuple(detections[d].category, detections[d].picture));
    const auto [category, picture] = key;
    Cell cell{category, take_cell(objects, o, category, picture), take_cell(detections, d, category, picture),
              first};
    cell.detections = cell.detections.first(
        std::min(cell.detections.size(), static_cast<size_t>(std::max<int64_t>(most, 0))));
    first += std::ssize(cell.detections);
    cells.push_back(cell);
  }
  return cells;
}

// Matches the detections of one cell after another, best first, each to the object that it overlaps most.
class CellMatcher {
 public:
  void begin(const Cell& cell) {
    cell_ = &cell;
    areas_.clear();
    overlaps_.clear();
    largest_.clear();
    for (const Entry& entry : cell.detections) {
      const Extent found = extent_of(detection_of(entry));
      areas_.push_back(found.area);
      largest_.push_back(-1);
      for (const Entry& object : cell.objects) {
        overlaps_.push_back(overlap(found, extent_of(object_of(object)), object_of(object).crowd));
        largest_.back() = std::max(largest_.back(), overlaps_.back());
      }
    }
  }

  // Puts the objects that count first. Says how many these are.
  int64_t choose_area(const AreaRange& range) {
    counting_ = 0;
    order_.clear();
    for (const bool ignored : {false, true}) {
      for (size_t i = 0; i < cell_->objects.size(); ++i) {
        const Annotation& object = object_of(cell_->objects[i]);
        if ((object.crowd || object.difficult || outside(object.area, range)) == ignored) order_.push_back(i);
      }
      if (!ignored) counting_ = order_.size();
    }
    return static_cast<int64_t>(counting_);
  }

  // outcome: kNothing everywhere.
  void match(double threshold, const AreaRange& range, Found* outcome) {
    taken_.assign(order_.size(), 0);
    const double least = std::min(threshold, 1 - 1e-10);
    for (size_t d = 0; d < areas_.size(); ++d) {
      const size_t best = largest_[d] < least ? order_.size() : best_object(d, least);
      if (best < order_.size()) {
        taken_[best] = 1;
        outcome[d] = best < counting_ ? Found::kObject : Found::kIgnored;
      } else if (outside(areas_[d], range)) {
        outcome[d] = Found::kIgnored;
      }
    }
  }

 private:
  // Its place in order_; order_.size() if none overlaps enough.
  size_t best_object(size_t detection, double least) const {
    const double* overlaps = overlaps_.data() + detection * order_.size();
    size_t best = order_.size();
    for (size_t i = 0; i < order_.size(); ++i) {
      if (taken_[i] && !object_of(cell_->objects[order_[i]]).crowd) continue;
      if (best < counting_ && i >= counting_) break;  // an object that counts goes before any that does not
      if (overlaps[order_[i]] < least) continue;
      least = overlaps[order_[i]];
      best = i;
    }
    return best;
  }

  const Cell* cell_ = nullptr;
  std::vector<double> areas_, largest_;  // of each detection, and its greatest overlap; -1 without objects
  std::vector<double> overlaps_;         // [detections][objects]
  std::vector<size_t> order_;            // of the objects
  std::vector<char> taken_;
  size_t counting_ = 0;
};

}  // namespace

std::vector<int64_t> chosen_categories(const AnnotatedPictures& truth, const CocoParams& params) {
  const std::vector<int64_t> place = places(truth.categories, params.categories);
  std::vector<int64_t> chosen(place.size() - static_cast<size_t>(std::count(place.begin(), place.end(), -1)));
  for (size_t i = 0; i < place.size(); ++i)
    if (place[i] >= 0) chosen[static_cast<size_t>(place[i])] = static_cast<int64_t>(i);
  return chosen;
}

CocoMatches match_detections(const AnnotatedPictures& truth, std::span<const ScoredBox> found,
                             const CocoParams& params) {
  const auto picture_places = places(truth.pictures, params.pictures);
  const auto category_places = places(truth.categories, params.categories);
  const auto objects = sorted_objects(truth, picture_places, category_places, params.by_category);
  const auto detections = sorted_detections(found, picture_places, category_places, params.by_category);
  const int64_t most = params.max_detections.empty() ? 0 : params.max_detections.back();
  const std::vector<Cell> cells = cells_of(objects, detections, most);
  const size_t kinds = params.by_category ? chosen_categories(truth, params).size() : 1;
  const size_t areas = params.areas.size(), thresholds = params.iou_thresholds.size();
  CocoMatches matches{std::vector<int64_t>(kinds + 1), {}, {}, {}, std::vector<int64_t>(kinds * areas)};
  for (const Cell& cell : cells) {
    matches.first[static_cast<size_t>(cell.category) + 1] += std::ssize(cell.detections);
    for (size_t d = 0; d < cell.detections.size(); ++d) {
      matches.scores.push_back(cell.detections[d].score);
      matches.ranks.push_back(static_cast<int64_t>(d));
    }
  }
  std::partial_sum(matches.first.begin(), matches.first.end(), matches.first.begin());
  const size_t total = matches.scores.size();
  matches.outcome.resize(areas * thresholds * total);
  std::vector<int64_t> counting(cells.size() * areas);
  parallel_for(std::ssize(cells), 256, [&](int64_t begin, int64_t end) {
    CellMatcher matcher;
    for (auto c = static_cast<size_t>(begin); c < static_cast<size_t>(end); ++c) {
      matcher.begin(cells[c]);
      for (size_t a = 0; a < areas; ++a) {
        counting[c * areas + a] = matcher.choose_area(params.areas[a]);
        for (size_t t = 0; t < thresholds; ++t)
          matcher.match(params.iou_thresholds[t], params.areas[a],
                        matches.outcome.data() + (a * thresholds + t) * total + cells[c].first);
      }
    }
  });
  for (size_t i = 0; i < counting.size(); ++i)
    matches.objects[static_cast<size_t>(cells[i / areas].category) * areas + i % areas] += counting[i];
  return matches;
}

}  // namespace fovea
