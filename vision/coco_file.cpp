#include "vision/coco_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "attention/base/error.h"
#include "vision/coco_outline.h"
#include "vision/json_stream.h"
#include "vision/picture_listing.h"

namespace fovea {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 32, kNumberTooLarge = 406;
constexpr int64_t kLargestId = int64_t{1} << 53;
constexpr const char* kLists[] = {"images", "annotations", "categories"};
enum List { kImages, kAnnotations, kCategories, kOther };

// A number, or why it is none.
struct Value {
  enum class Type { kAbsent, kNumber, kText, kOther } type = Type::kAbsent;
  double number = 0;
  std::optional<int64_t> whole = {};
};

// What of an entry is of interest, whatever list it is in.
struct Entry {
  Value id, picture, category, width, height, area, crowd;
  std::optional<std::string> text;  // file_name or name
  std::string parent;               // supercategory
  std::vector<double> bbox;         // NaN for what is no number
  bool has_bbox = false;
  int64_t outline = -1;  // where it begins in the file
};

// An object without a box, its place in the list, and where in the file its outline begins.
struct Outlined {
  CocoObject object;
  int64_t number, outline;
};

// Where in the file the reader is: the root is depth 1, a list 2, its entry 3, the entry's box 4.
class CocoReader : public nlohmann::json_sax<Json> {
 public:
  CocoReader(const std::filesystem::path& file, bool boxes, AnnotationProblems& problems)
      : file_(file), stream_(file), boxes_(boxes), problems_(problems) {}

  CocoFile read() {
    Json::sax_parse(stream_.begin(), stream_.end(), this);
    for (const List list : {kImages, kAnnotations, kCategories})
      if (!seen_[list] && (boxes_ || list != kAnnotations))
        refuse(std::string("has no \"") + kLists[list] + "\"; give the instances file of a COCO data set");
    take_outlined();
    return std::move(read_);
  }

  bool null() override {
    if (depth_ == 3 && field_ == "segmentation") entry_.outline = stream_.outline();
    return value({Value::Type::kOther, std::nan("")});
  }
  bool boolean(bool yes) override { return value({Value::Type::kNumber, yes ? 1.0 : 0.0, yes}); }
  bool number_integer(int64_t number) override {
    return value({Value::Type::kNumber, static_cast<double>(number), number});
  }
  bool number_unsigned(uint64_t number) override {
    Value read = {Value::Type::kNumber, static_cast<double>(number)};
    if (number <= uint64_t{std::numeric_limits<int64_t>::max()}) read.whole = static_cast<int64_t>(number);
    return value(read);
  }
  bool number_float(double number, const std::string&) override {
    Value read = {Value::Type::kNumber, number};
    if (number == std::floor(number) && std::abs(number) < 1e15) read.whole = static_cast<int64_t>(number);
    return value(read);
  }
  bool string(std::string& text) override {
    if (depth_ == 3 && field_ == (list_ == kImages ? "file_name" : "name")) entry_.text = std::move(text);
    if (depth_ == 3 && field_ == "supercategory") entry_.parent = std::move(text);
    return value({Value::Type::kText, std::nan("")});
  }
  bool binary(Json::binary_t&) override { return true; }

  bool start_object(size_t) override {
    if (depth_ == 1) must_be_list();
    if (depth_ > 2) value({Value::Type::kOther, std::nan("")});
    if (++depth_ == 3) entry_ = {};
    return limit_depth();
  }
  bool end_object() override {
    if (depth_-- == 3 && list_ != kOther) take_entry();
    closed_ = depth_ == 0;
    return true;
  }
  bool start_array(size_t) override {
    if (depth_ == 0) refuse("is a list; give the file with \"images\", \"annotations\" and \"categories\"");
    if (depth_ >= 2) value({Value::Type::kOther, std::nan("")});
    ++depth_;
    return limit_depth();
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(std::string& name) override {
    if (depth_ == 1) {
      list_ = kOther;
      for (const List list : {kImages, kAnnotations, kCategories})
        if (name == kLists[list]) list_ = list;
      if (list_ != kOther) seen_[list_] = true;
      number_ = 0;
    }
    if (depth_ == 3 && list_ != kOther) field_ = name;
    return true;
  }
  bool parse_error(size_t, const std::string&, const Json::exception& error) override {
    if (stream_.ended() && !closed_)
      refuse("ends early, at byte " + std::to_string(stream_.position()) + "; get a complete copy");
    if (error.id == kNumberTooLarge)
      refuse("a number at byte " + std::to_string(stream_.position()) + " is too large; correct it");
    const bool utf8 = std::string_view(error.what()).find("UTF-8") != std::string_view::npos;
    refuse(std::string("not valid ") + (utf8 ? "UTF-8" : "JSON") + " at byte " +
           std::to_string(stream_.position()) + "; get a complete copy");
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { fail(in_quotes(file_.string()), ": ", why); }
  bool limit_depth() const {
    if (depth_ > kDeepest)
      refuse("nested deeper than " + std::to_string(kDeepest) + "; not an annotation file");
    return true;
  }
  void must_be_list() const {
    if (list_ != kOther) refuse(std::string("\"") + kLists[list_] + "\" is not a list");
  }

  bool value(const Value& read) {
    if (depth_ == 0) refuse("is not a JSON object; give the instances file of a COCO data set");
    if (depth_ == 1) must_be_list();
    if (list_ == kOther) return true;
    if (depth_ == 2) {
      problems_.skipped("bad_entry", place(), ": is not an object");
      ++number_;
    } else if (depth_ == 3) {
      take_field(read);
    } else if (depth_ == 4 && field_ == "bbox" && entry_.bbox.size() < 5) {
      entry_.bbox.push_back(read.type == Value::Type::kNumber ? read.number : std::nan(""));
    }
    return true;
  }
  void take_field(const Value& read) {
    struct Field {
      const char* name;
      Value Entry::*place;
    };
    static constexpr Field kFields[] = {{"id", &Entry::id},         {"image_id", &Entry::picture},
                                        {"width", &Entry::width},   {"category_id", &Entry::category},
                                        {"height", &Entry::height}, {"area", &Entry::area},
                                        {"iscrowd", &Entry::crowd}};
    for (const Field& field : kFields)
      if (field_ == field.name) entry_.*field.place = read;
    if (field_ == "bbox") entry_.has_bbox = true;
  }

  std::string place() const {
    return in_quotes(file_.string()) + ": " + kLists[list_] + "[" + std::to_string(number_) + "]";
  }
  bool lacks(const Value& read, const char* name) {
    if (read.whole && *read.whole <= kLargestId && *read.whole >= -kLargestId) return false;
    const bool absent = read.type == Value::Type::kAbsent;
    leave_out(": \"", name, "\" is ", absent ? "missing" : read.whole ? "too large" : "not a whole number");
    return true;
  }
  // With the entry of a picture goes the picture.
  template <class... Parts>
  void leave_out(const Parts&... parts) {
    if (list_ == kImages)
      problems_.left_out("bad_entry", entry_.text ? *entry_.text : file_.string(), place(), parts...);
    else
      problems_.skipped("bad_entry", place(), parts...);
  }
  void take_entry() {
    if (list_ == kImages) take_picture();
    if (list_ == kAnnotations) take_object();
    if (list_ == kCategories) take_category();
    ++number_;
  }
  void take_picture();
  void take_object();
  void take_category();
  void take_outlined();

  std::filesystem::path file_;
  JsonStream stream_;
  bool boxes_;
  AnnotationProblems& problems_;
  CocoFile read_;
  std::vector<Outlined> outlined_;
  int depth_ = 0;
  List list_ = kOther;
  bool seen_[3] = {}, closed_ = false;
  int64_t number_ = 0;  // of the entry in its list
  std::string field_;
  Entry entry_;
};

void CocoReader::take_picture() {
  if (lacks(entry_.id, "id")) return;
  if (!entry_.text || !is_plain_name(*entry_.text)) {
    leave_out(": \"file_name\" ", entry_.text
                                      ? in_quotes(*entry_.text) + " is no name below the folder of pictures"
                                      : std::string("is missing"));
    return;
  }
  const auto side = [](const Value& read) {
    return read.whole && *read.whole > 0 && *read.whole < 1'000'000 ? *read.whole : 0;
  };
  read_.pictures.push_back(
      {*entry_.id.whole, side(entry_.width), side(entry_.height), std::move(*entry_.text)});
}

void CocoReader::take_object() {
  if (lacks(entry_.picture, "image_id") || lacks(entry_.category, "category_id")) return;
  if (entry_.id.type != Value::Type::kAbsent && lacks(entry_.id, "id")) return;
  CocoObject object{.id = entry_.id.whole.value_or(-1),
                    .picture = *entry_.picture.whole,
                    .category = *entry_.category.whole};
  if (entry_.area.type == Value::Type::kNumber && entry_.area.number >= 0) object.area = entry_.area.number;
  object.crowd = entry_.crowd.type == Value::Type::kNumber && entry_.crowd.number != 0;
  if (entry_.bbox.empty() && entry_.outline >= 0) {
    outlined_.push_back({object, number_, entry_.outline});
  } else if (entry_.bbox.size() != 4) {
    problems_.skipped("bad_box", place(), ": \"bbox\" is ",
                      entry_.has_bbox ? "not a list of x, y, width and height" : "missing");
  } else {
    std::ranges::copy(entry_.bbox, object.bbox.begin());
    read_.objects.push_back(object);
  }
}

void CocoReader::take_outlined() {
  CocoOutlines outlines(file_);
  list_ = kAnnotations;
  for (auto& [object, number, outline] : outlined_) {
    number_ = number;
    const std::optional<Box> box = outlines.box_around(outline);
    if (!box) {
      problems_.skipped("bad_box", place(),
                        ": \"bbox\" is missing, and its outline is no list of polygons; masks are not read");
      continue;
    }
    object.bbox = {box->x0, box->y0, box->width(), box->height()};
    read_.objects.push_back(object);
    problems_.repaired("no_bbox", place(), ": \"bbox\" is missing; the box around its polygons is taken");
  }
}

void CocoReader::take_category() {
  if (lacks(entry_.id, "id")) return;
  if (!entry_.text || entry_.text->empty())
    problems_.skipped("bad_entry", place(), ": \"name\" is missing");
  else
    read_.categories.push_back({*entry_.id.whole, std::move(*entry_.text), std::move(entry_.parent)});
}

}  // namespace

CocoFile read_coco_file(const std::filesystem::path& file, bool boxes, AnnotationProblems& problems) {
  return CocoReader(file, boxes, problems).read();
}

}  // namespace fovea
