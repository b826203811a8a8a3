// YOLO, as Ultralytics has it: https://docs.ultralytics.com/datasets/detect/
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include "attention/base/error.h"
#include "vision/annotation_draft.h"
#include "vision/picture_listing.h"
#include "vision/yolo_description.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostBytes = 16 << 20, kMostListBytes = 256 << 20, kMostClasses = 100'000;

// ".../images/train/a.jpg" -> ".../labels/train/a.txt"; without a folder "images" the labels lie beside.
fs::path label_file(const fs::path& picture) {
  std::vector<fs::path> parts(picture.begin(), picture.end());
  for (size_t i = parts.size(); i-- > 0;)
    if (parts[i] == "images" && i + 1 < parts.size()) {
      parts[i] = "labels";
      break;
    }
  fs::path labels;
  for (const fs::path& part : parts) labels /= part;
  return labels.replace_extension(".txt");
}

// A line of a list of pictures, as a name below `images`. It counts from `root` or from beside the list.
std::string listed_picture(const fs::path& images, const fs::path& beside, const std::string& line) {
  std::error_code error;
  const fs::path name = beside / line;
  if (line.starts_with("./") || fs::exists(images / name, error)) return name.lexically_normal().string();
  if (line.find('\\') == std::string::npos || fs::exists(images / line, error))
    return fs::path(line).lexically_normal().string();
  std::string other = line;
  std::ranges::replace(other, '\\', '/');
  return listed_picture(images, beside, other);
}

// Pictures by name below `images`, in the order of a list below `root` or else of the names.
std::vector<std::string> pictures_at(const fs::path& root, const fs::path& images, const std::string& place) {
  std::error_code error;
  std::vector<std::string> files;
  if (fs::is_directory(images / place, error)) {
    files = list_pictures(images / place).pictures;
    std::ranges::sort(files);
    for (std::string& file : files) file = (fs::path(place) / file).lexically_normal().string();
  } else if (fs::is_regular_file(root / place, error)) {
    for (const auto& [number, line] : annotation_lines(root / place, kMostListBytes))
      files.push_back(listed_picture(images, fs::path(place).parent_path(), line));
  } else if (images == root) {
    fail(in_quotes((root / place).string()),
         ": there is no such folder or list of pictures; correct data.yaml");
  } else {
    fail(in_quotes((images / place).string()), ": there is no such folder; ", in_quotes(images.string()),
         " takes the place of ", in_quotes(root.string()), " and must hold ", in_quotes(place));
  }
  return files;
}

// The numbers of a line; empty if there is something else in it.
std::vector<double> numbers_of(const std::string& line) {
  std::vector<double> numbers;
  const char *at = line.data(), *end = at + line.size();
  while (at < end) {
    if (*at == ' ' || *at == '\t') {
      ++at;
      continue;
    }
    double number = 0;
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error != std::errc() || (stop < end && *stop != ' ' && *stop != '\t')) return {};
    numbers.push_back(number);
    at = stop;
  }
  return numbers;
}

// Of centre, width and height, or around a polygon's corners.
Box box_of(const std::vector<double>& numbers, bool is_box) {
  const double* n = numbers.data() + 1;
  if (is_box) return {n[0] - n[2] / 2, n[1] - n[3] / 2, n[0] + n[2] / 2, n[1] + n[3] / 2};
  Box box = {n[0], n[1], n[0], n[1]};
  for (size_t i = 0; i + 2 < numbers.size(); i += 2)
    box = {std::min(box.x0, n[i]), std::min(box.y0, n[i + 1]), std::max(box.x1, n[i]),
           std::max(box.y1, n[i + 1])};
  return box;
}

class YoloReader {
 public:
  YoloReader(const YoloDescription& description, AnnotationDraft& draft)
      : description_(description), draft_(draft) {
    draft_.set.categories = description.categories;
    for (const Category& category : description.categories) places_.emplace(category.id, places_.size());
    for (const auto& split : description.splits)
      for (const std::string& place : split.places) lists_.insert(description.root / place);
  }

  void read_picture(const std::string& file) {
    const fs::path labels = labels_of(file);
    const std::string place = shown(labels);
    const fs::path path = draft_.set.images / file;
    const int64_t id = ++last_id_;
    std::error_code error;
    std::vector<AnnotationLine> lines;
    if (fs::exists(labels, error)) {
      read_.insert(labels);
      folders_[labels.parent_path()].insert(path.parent_path());
      try {
        lines = annotation_lines(labels, kMostBytes);
      } catch (const Error& problem) {
        draft_.problems.left_out("bad_file", path, problem.what());
        return;
      }
    }
    draft_.set.pictures.push_back({.id = id, .file = file, .objects = {}});
    draft_.places.push_back(place);
    for (const auto& [number, line] : lines) read_line(line, place + ": line " + std::to_string(number));
  }

  // Labels that there is no picture for, be it of another split.
  void tell_orphans() {
    for (const auto& [folder, pictures] : folders_) {
      std::error_code error;
      std::set<fs::path> files;
      for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
           entry.increment(error))
        if (entry->path().extension() == ".txt" && entry->path().filename() != "classes.txt" &&
            !read_.contains(entry->path()))
          files.insert(entry->path());
      for (const fs::path& list : lists_) files.erase(list);
      if (files.empty()) continue;
      const std::set<fs::path> stems = stems_in(pictures);
      for (const fs::path& file : files)
        if (!stems.contains(file.stem()))
          draft_.problems.left_out("missing_picture", file, shown(file),
                                   ": there is no picture for these labels");
    }
  }

  // Where no file names the classes, they go by their numbers.
  void name_categories() {
    if (!description_.categories.empty()) return;
    std::vector<int64_t> ids;
    for (const auto& [id, place] : places_) ids.push_back(id);
    std::ranges::sort(ids);
    std::vector<int64_t> moved(ids.size());
    for (size_t i = 0; i < ids.size(); ++i) {
      moved[places_.at(ids[i])] = static_cast<int64_t>(i);
      draft_.set.categories.push_back({ids[i], std::to_string(ids[i])});
    }
    for (AnnotatedPicture& picture : draft_.set.pictures)
      for (Annotation& object : picture.objects)
        object.category = moved[static_cast<size_t>(object.category)];
    draft_.problems.noted("no_names", in_quotes(description_.root.string()),
                          ": no file names the classes; they are called by their numbers");
  }

 private:
  std::string shown(const fs::path& file) const {
    const fs::path below = file.lexically_relative(description_.root);
    return (below.empty() || *below.begin() == ".." ? file : below).string();
  }

  // Beside the pictures if they are there, else with the data set, wherever its pictures are.
  fs::path labels_of(const std::string& file) const {
    const fs::path beside = label_file(draft_.set.images / file);
    std::error_code error;
    if (draft_.set.images == description_.root || fs::exists(beside, error)) return beside;
    const bool whole = description_.splits.empty();
    return label_file(description_.root / (whole ? "images" : "") / file);
  }

  static std::set<fs::path> stems_in(const std::set<fs::path>& folders) {
    std::set<fs::path> stems;
    std::error_code error;
    for (const fs::path& folder : folders)
      for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
           entry.increment(error))
        if (is_picture(entry->path().filename().string())) stems.insert(entry->path().stem());
    return stems;
  }

  void read_line(const std::string& line, const std::string& place) {
    const std::vector<double> numbers = numbers_of(line);
    const bool is_box = numbers.size() == 5 || numbers.size() == 6 ||  // the sixth is a score
                        (description_.keypoints && numbers.size() > 5);
    const bool is_polygon = !is_box && numbers.size() >= 7 && numbers.size() % 2 == 1;
    if (!is_box && !is_polygon) {
      draft_.problems.skipped("bad_line", place, ": ", in_quotes(line.substr(0, 60)),
                              " is not a class and a box (class x y width height)");
      return;
    }
    const bool is_class =
        numbers[0] >= 0 && numbers[0] < kMostClasses && numbers[0] == std::floor(numbers[0]);
    const int64_t id = is_class ? static_cast<int64_t>(numbers[0]) : -1;
    if (is_class && description_.categories.empty()) places_.emplace(id, places_.size());
    const auto category = places_.find(id);
    if (category == places_.end()) {
      draft_.problems.skipped("unknown_category", place, ": there is no class ", numbers[0]);
      return;
    }
    const bool in_pixels = std::ranges::any_of(
        numbers.begin() + 1, numbers.begin() + (is_box ? 5 : numbers.size()), [](double x) { return x > 2; });
    if (in_pixels) {
      draft_.problems.skipped("bad_box", place, ": ", in_quotes(line.substr(0, 60)),
                              " is not in shares of the picture, 0 to 1");
      return;
    }
    Annotation object{.box = box_of(numbers, is_box), .category = static_cast<int64_t>(category->second)};
    object.id = ++objects_;
    draft_.set.pictures.back().objects.push_back(object);
  }

  const YoloDescription& description_;
  AnnotationDraft& draft_;
  std::unordered_map<int64_t, size_t> places_;  // class -> index into categories
  std::set<fs::path> read_, lists_;
  int64_t last_id_ = 0;  // of the pictures, those that are left out too
  std::map<fs::path, std::set<fs::path>> folders_;  // of labels that were read -> of their pictures
  int64_t objects_ = 0;
};

}  // namespace

AnnotatedPictures read_yolo_annotations(const AnnotationSource& source) {
  std::error_code error;
  const bool folder = std::filesystem::is_directory(source.path, error);
  const YoloDescription description =
      read_yolo_description(folder ? yolo_description(source.path) : source.path);
  AnnotationDraft draft;
  draft.fractions = true;
  draft.set.format = "yolo";
  draft.set.images = source.images.empty() ? description.root : source.images;
  for (const auto& split : description.splits) draft.set.splits.push_back(split.name);
  const std::string wanted = chosen_split(source, draft.set.splits);
  std::vector<std::string> places = description.everything;
  for (const auto& split : description.splits)
    if (wanted.empty() || split.name == wanted)
      places.insert(places.end(), split.places.begin(), split.places.end());
  if (!source.images.empty() && description.splits.empty()) places = {""};
  YoloReader reader(description, draft);
  for (const std::string& place : places)
    for (const std::string& file : pictures_at(description.root, draft.set.images, place))
      reader.read_picture(file);
  reader.tell_orphans();
  reader.name_categories();
  return finished(std::move(draft), source);
}

}  // namespace fovea
