#include "vision/coco_results.h"

#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "attention/base/error.h"

namespace fovea {
namespace {

using Json = nlohmann::json;
constexpr char kForm[] =
    "COCO results are [{\"image_id\", \"category_id\", \"bbox\": [x, y, width, height], \"score\"}, ...]";

template <class Element>
std::unordered_map<int64_t, int64_t> indices_by_id(const std::vector<Element>& all) {
  std::unordered_map<int64_t, int64_t> indices;
  for (size_t i = 0; i < all.size(); ++i) indices.emplace(all[i].id, static_cast<int64_t>(i));
  return indices;
}

// Takes the results one by one as the parser meets them, so that no tree of the whole file is built.
class ResultReader : public nlohmann::json_sax<Json> {
 public:
  ResultReader(const std::string& name, const AnnotatedPictures& truth)
      : name_(name), pictures_(indices_by_id(truth.pictures)), categories_(indices_by_id(truth.categories)) {
    categories_.insert(truth.merged.begin(), truth.merged.end());
  }

  CocoResults take() {
    if (count_ > 0 && results_.boxes.empty())
      fail(name_,
           ": not one result is of a category of the data set; are their category ids the data set's?");
    return std::move(results_);
  }

  bool null() override { return value("null"); }
  bool boolean(bool) override { return value("true or false"); }
  bool string(std::string&) override { return value("a text"); }
  bool binary(Json::binary_t&) override { return value("binary"); }
  bool number_integer(int64_t x) override { return number(static_cast<double>(x)); }
  bool number_unsigned(uint64_t x) override { return number(static_cast<double>(x)); }
  bool number_float(double x, const std::string&) override { return number(x); }

  bool start_object(size_t) override {
    if (depth_ == 0) fail(name_, ": holds an object; ", kForm);
    if (depth_ >= 2) value("an object");
    if (++depth_ == 2) {
      image_ = category_ = score_ = {};
      bbox_.reset();
      key_.clear();
    }
    return true;
  }
  bool end_object() override {
    if (--depth_ == 1) finish();
    return true;
  }
  bool start_array(size_t) override {
    if (depth_ == 1) fail(name_, ": result ", count_, " is a list; ", kForm);
    if (depth_ == 2 && key_ == "bbox") {
      bbox_.emplace();
    } else if (depth_ >= 2) {
      value("a list");
    }
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(std::string& key) override {
    if (depth_ == 2) key_ = key;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const Json::exception&) override {
    fail(name_, ": is no JSON, or not all of it, from byte ", position, " on (result ", count_, ")");
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const {
    fail(name_, ": result ", count_, ": ", what, "; ", kForm);
  }

  // A value that is no number, where one was due.
  bool value(const char* kind) {
    if (depth_ == 0) fail(name_, ": holds ", kind, "; ", kForm);
    if (depth_ == 1) wrong(std::string("is ") + kind);
    if (depth_ == 2 && (key_ == "image_id" || key_ == "category_id" || key_ == "score" || key_ == "bbox"))
      wrong("'" + key_ + "' is " + kind);
    if (depth_ == 3 && key_ == "bbox") wrong(std::string("'bbox' holds ") + kind);
    return true;
  }

  bool number(double x) {
    if (depth_ < 2 || (depth_ == 2 && key_ == "bbox")) return value("a number");
    if (depth_ == 2 && key_ == "image_id") image_ = whole(x);
    if (depth_ == 2 && key_ == "category_id") category_ = whole(x);
    if (depth_ == 2 && key_ == "score") score_ = x;
    if (depth_ == 3 && key_ == "bbox") bbox_->push_back(x);
    return true;
  }

  int64_t whole(double x) const {
    if (x != std::floor(x) || std::abs(x) > 9007199254740992.0) wrong("'" + key_ + "' is no whole number");
    return static_cast<int64_t>(x);
  }

  void finish() {
    if (!image_) wrong("has no 'image_id'");
    if (!category_) wrong("has no 'category_id'");
    if (!bbox_) wrong("has no 'bbox'");
    if (!score_) wrong("has no 'score'");
    if (bbox_->size() != 4) wrong("'bbox' has " + std::to_string(bbox_->size()) + " numbers");
    const auto picture = pictures_.find(*image_);
    if (picture == pictures_.end())
      fail(name_, ": result ", count_, " is of picture ", *image_,
           ", which is not in the data set; are these results of this data and split?");
    const auto category = categories_.find(*category_);
    ++count_;
    if (category == categories_.end()) {
      ++results_.of_unknown_categories;
      return;
    }
    results_.boxes.push_back(scored_box(picture->second, category->second,
                                        {(*bbox_)[0], (*bbox_)[1], (*bbox_)[2], (*bbox_)[3]}, *score_));
  }

  const std::string& name_;
  std::unordered_map<int64_t, int64_t> pictures_, categories_;
  CocoResults results_;
  int64_t count_ = 0;
  int depth_ = 0;
  std::string key_;  // of the result's own members
  std::optional<int64_t> image_, category_;
  std::optional<double> score_;
  std::optional<std::vector<double>> bbox_;
};

}  // namespace

ScoredBox scored_box(int64_t picture, int64_t category, const std::array<double, 4>& bbox, double score) {
  const auto [x, y, width, height] = bbox;
  return {picture, category, {x, y, x + width, y + height}, score, width * height};
}

std::array<double, 4> coco_bbox(const Box& box) {
  return {box.x0, box.y0, box.width(), box.height()};
}

CocoResults parse_coco_results(std::string_view json, const std::string& name,
                               const AnnotatedPictures& truth) {
  ResultReader reader(name, truth);
  Json::sax_parse(json.begin(), json.end(), &reader);
  return reader.take();
}

CocoResults read_coco_results(const std::filesystem::path& file, const AnnotatedPictures& truth) {
  std::error_code error;
  std::ifstream stream(file, std::ios::binary);
  if (!stream || std::filesystem::is_directory(file, error))
    fail(file.string(), ": cannot be read; give the file of results");
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  return parse_coco_results(bytes, file.string(), truth);
}

}  // namespace fovea
