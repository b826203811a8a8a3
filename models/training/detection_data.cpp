#include "models/training/detection_data.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "attention/base/error.h"
#include "attention/base/rng.h"
#include "models/training/classification_data.h"
#include "models/training/fingerprint.h"
#include "models/training/shared_pictures.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
constexpr double kUsualShare = 0.1;

bool is_learnt(const Annotation& object) {
  return !object.crowd && !object.difficult;
}

void add(Fingerprint& print, const AnnotatedPictures& set) {
  for (const Category& category : set.categories) print.add(category.name);
  for (const AnnotatedPicture& picture : set.pictures) {
    print.add(picture.file);
    for (const Annotation& object : picture.objects) {
      print.add(std::to_string(object.category));
      for (const double edge : {object.box.x0, object.box.y0, object.box.x1, object.box.y1})
        print.add(std::to_string(edge));
    }
  }
  print.step();
}

// Which pictures are held out depends on the seed and on their names alone.
uint64_t rank_of(const AnnotatedPicture& picture, uint64_t seed) {
  Fingerprint print;
  print.add(picture.file);
  return Rng(Rng(seed).next() ^ print.value()).next();
}

void hold_out_share(DetectionData& data, double share, uint64_t seed) {
  std::vector<AnnotatedPicture> all = std::exchange(data.train.pictures, {});
  data.held_out = data.train;
  const auto count = std::ssize(all);
  const auto wanted = std::clamp<int64_t>(std::llround(share * static_cast<double>(count)),
                                          share > 0 && count > 1, std::max<int64_t>(count - 1, 0));
  std::vector<std::pair<uint64_t, size_t>> order;
  for (size_t i = 0; i < all.size(); ++i) order.emplace_back(rank_of(all[i], seed), i);
  std::ranges::sort(order);
  std::vector<bool> is_held_out(all.size());
  for (size_t i = 0; i < static_cast<size_t>(wanted); ++i) is_held_out[order[i].second] = true;
  for (size_t i = 0; i < all.size(); ++i)
    (is_held_out[i] ? data.held_out : data.train).pictures.push_back(std::move(all[i]));
}

// Categories of another file of the same set, by name.
void take_categories(AnnotatedPictures& set, const std::vector<Category>& categories,
                     const std::string& file) {
  std::unordered_map<std::string, int64_t> places;
  for (size_t i = 0; i < categories.size(); ++i) places.emplace(categories[i].name, i);
  std::vector<int64_t> place_of;
  for (const Category& category : set.categories) {
    const auto found = places.find(category.name);
    place_of.push_back(found == places.end() ? -1 : found->second);
  }
  for (AnnotatedPicture& picture : set.pictures)
    for (Annotation& object : picture.objects) {
      const std::string& name = set.categories[static_cast<size_t>(object.category)].name;
      object.category = place_of[static_cast<size_t>(object.category)];
      if (object.category < 0)
        fail(file, ": ", picture.file, " shows a '", name,
             "', which is no category of what is trained on; hold out pictures of the same categories");
    }
  set.categories = categories;
}

void expect_objects(const DetectionData& data, const fs::path& path) {
  const std::string where =
      path.string() + (data.train_split.empty() ? "" : ", split " + data.train_split) + ": ";
  if (data.train.pictures.empty()) fail(where, "has no pictures; give another --data or --split");
  for (const AnnotatedPicture& picture : data.train.pictures)
    if (std::ranges::any_of(picture.objects, is_learnt)) return;
  fail(where, "none of its ", data.train.pictures.size(),
       data.train.pictures.size() == 1 ? " picture" : " pictures",
       " has a box to learn from; check the annotations");
}

bool has(const std::vector<std::string>& splits, const std::string& name) {
  return std::ranges::find(splits, name) != splits.end();
}

AnnotatedPictures read_train(const DetectionDataSource& source, std::string& split) {
  AnnotationSource wanted{.path = source.path, .images = source.images, .split = source.split};
  AnnotatedPictures set = read_annotations(wanted);
  split = !source.split.empty() ? source.split : has(set.splits, "train") ? "train" : "";
  if (!split.empty() || !has(set.splits, "trainval")) return set;
  wanted.split = split = "trainval";
  return read_annotations(wanted);
}

// Empty: a share of the pictures.
std::string held_out_split(const DetectionDataSource& source, const DetectionData& data) {
  if (source.share >= 0) return "";
  if (!source.held_out.empty()) return source.held_out;
  std::vector<std::string> others = data.train.splits;
  std::erase(others, data.train_split);
  if (data.train_split == "trainval") std::erase(others, "val");
  return usual_held_out(others);
}

bool names_file(const DetectionDataSource& source, const std::vector<std::string>& splits) {
  return !source.held_out.empty() && !has(splits, source.held_out) && fs::exists(source.held_out);
}

void read_held_out(DetectionData& data, const DetectionDataSource& source, const std::string& split) {
  const bool other_file = names_file(source, data.train.splits);
  data.held_out =
      other_file
          ? read_annotations({.path = split, .images = source.held_out_images, .clip = false})
          : read_annotations({.path = source.path, .images = source.images, .split = split, .clip = false});
  take_categories(data.held_out, data.train.categories, other_file ? split : source.path.string());
}

// Where the data have no training split, all but what is held out is trained on. False: that is nothing.
bool leave_out_held_out(DetectionData& data) {
  const std::vector<bool> shared = shared_pictures(data.train, data.held_out);
  if (std::ranges::find(shared, false) == shared.end()) return false;
  std::vector<AnnotatedPicture> left;
  for (size_t i = 0; i < shared.size(); ++i)
    if (!shared[i]) left.push_back(std::move(data.train.pictures[i]));
  data.train.pictures = std::move(left);
  return true;
}

void refuse_shared_pictures(const DetectionData& data, const std::string& what) {
  const std::vector<bool> shared = shared_pictures(data.held_out, data.train);
  const auto count = std::ranges::count(shared, true);
  if (count == 0) return;
  const auto first = static_cast<size_t>(std::ranges::find(shared, true) - shared.begin());
  fail(what, ": ", count, " of ", shared.size(), " held-out pictures are trained on as well, ",
       data.held_out.pictures[first].file, count > 1 ? " and others" : "",
       "; give another --held-out or --split, or a share with --holdout 0.1");
}

// What is told of the whole data set is told once.
void forget_repeated_problems(DetectionData& data) {
  std::unordered_set<std::string> told;
  for (const AnnotationProblem& problem : data.train.problems) told.insert(problem.message);
  std::erase_if(data.held_out.problems,
                [&](const AnnotationProblem& problem) { return told.contains(problem.message); });
  for (const PictureFailure& picture : data.train.left_out) told.insert(picture.reason);
  std::erase_if(data.held_out.left_out,
                [&](const PictureFailure& picture) { return told.contains(picture.reason); });
}

// False: nothing is left to train on beside the one split there is, so that a share of it is to be held out.
bool hold_out_split(DetectionData& data, const DetectionDataSource& source, const std::string& split) {
  const std::string path = source.path.string();
  if (split == data.train_split)
    fail(path, ": split ", split, " is what is trained on; hold out another one");
  const bool own = has(data.train.splits, split);
  read_held_out(data, source, split);
  if (own && data.train_split.empty() && !leave_out_held_out(data)) {
    if (!source.held_out.empty())
      fail(path, ": split ", split, " is all there is to train on; hold out a share, --holdout 0.1");
    return false;
  }
  expect_objects(data, source.path);
  refuse_shared_pictures(data, own ? path + ", split " + split : split);
  data.held_out_split = split;
  return true;
}

}  // namespace

std::vector<std::string> DetectionData::labels() const {
  std::vector<std::string> names;
  for (const Category& category : train.categories) names.push_back(category.name);
  return names;
}

std::map<std::string, int64_t> DetectionData::object_counts() const {
  std::map<std::string, int64_t> counts;
  for (const Category& category : train.categories) counts[category.name] = 0;
  for (const AnnotatedPicture& picture : train.pictures)
    for (const Annotation& object : picture.objects)
      counts[train.categories[static_cast<size_t>(object.category)].name] += is_learnt(object);
  return counts;
}

std::string DetectionData::fingerprint() const {
  Fingerprint print;
  add(print, train);
  add(print, held_out);
  return print.text();
}

void DetectionData::order_categories(const std::vector<std::string>& wanted) {
  std::vector<Category> categories;
  for (const std::string& name : wanted) {
    const auto found = std::ranges::find(train.categories, name, &Category::name);
    if (found == train.categories.end()) fail("detection data: no category '", name, "'");
    categories.push_back(*found);
  }
  take_categories(train, categories, train.images.string());
  take_categories(held_out, categories, held_out.images.string());
}

DetectionData open_detection_data(const DetectionDataSource& source) {
  DetectionData data;
  data.train = read_train(source, data.train_split);
  expect_objects(data, source.path);
  if (!source.held_out_images.empty() && !names_file(source, data.train.splits))
    fail("--held-out-images ", source.held_out_images.string(),
         ": --held-out names no annotation file of such pictures; give one, or leave it out");
  const std::string split = held_out_split(source, data);
  if (split.empty() || !hold_out_split(data, source, split))
    hold_out_share(data, source.share >= 0 ? source.share : kUsualShare, source.seed);
  forget_repeated_problems(data);
  return data;
}

}  // namespace fovea
