// Pascal VOC: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html
#include <algorithm>
#include <map>
#include <optional>
#include <unordered_set>

#include "attention/base/error.h"
#include "vision/annotation_draft.h"
#include "vision/picture_listing.h"
#include "vision/voc_file.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostBytes = 64 << 20;
constexpr size_t kUnreadable = SIZE_MAX;
constexpr const char* kSplits[] = {"train", "val", "trainval", "test"};
constexpr const char* kEndings[] = {".jpg", ".jpeg", ".png",  ".JPG", ".JPEG",
                                    ".PNG", ".bmp",  ".webp", ".tif", ".tiff"};

// How the corners of a set count. VOC's pixels count from 1 and both corners are inside. Some writers count
// from 0; then the last corner is inside only if no box reaches its picture's full width or height.
struct Corners {
  int64_t first = 1, last = 0;  // subtracted from the first corner, added to the last
  Box operator()(const Box& box) const {
    const auto a = static_cast<double>(first), b = static_cast<double>(last);
    return {box.x0 - a, box.y0 - a, box.x1 + b, box.y1 + b};
  }
};

Corners corners_of(const std::vector<VocPicture>& pictures) {
  int64_t zeros = 0, ones = 0, last_pixel = 0, edge = 0;
  const auto side = [&](double low, double high, int64_t size) {
    zeros += low == 0;
    ones += low == 1;
    last_pixel += high == static_cast<double>(size - 1);
    edge += size > 0 && high >= static_cast<double>(size);
  };
  for (const VocPicture& picture : pictures)
    for (const VocObject& object : picture.objects) {
      side(object.box.x0, object.box.x1, picture.width);
      side(object.box.y0, object.box.y1, picture.height);
    }
  if (zeros == 0 || zeros < ones) return {};
  return {.first = 0, .last = edge == 0 && last_pixel > 0};
}

fs::path pictures_folder(const fs::path& root, const AnnotationSource& source) {
  if (!source.images.empty()) return source.images;
  std::error_code error;
  for (const char* name : {"JPEGImages", "images", "Images"})
    if (fs::is_directory(root / name, error)) return root / name;
  return root;
}

std::vector<std::string> splits_of(const fs::path& lists) {
  std::vector<std::string> splits;
  std::error_code error;
  for (const char* name : kSplits)
    if (fs::is_regular_file(lists / (std::string(name) + ".txt"), error)) splits.push_back(name);
  return splits;
}

// The stems of a split, in its order. "2007_000027 -1" says that a class is not in the picture.
std::vector<std::string> stems_of(const fs::path& list) {
  std::vector<std::string> stems;
  for (const std::string& line : annotation_lines(list, kMostBytes)) {
    const size_t end = line.find_first_of(" \t");
    if (end == std::string::npos || !line.ends_with("-1")) stems.push_back(line.substr(0, end));
  }
  return stems;
}

// Every XML file of the set, also those outside the split: categories are the same for all splits.
struct VocSet {
  fs::path root;
  std::string folder;  // of the annotations, below root
  std::vector<VocPicture> pictures;
  std::map<std::string, size_t> by_stem;

  std::string place(const std::string& stem) const {
    return folder == "." ? stem + ".xml" : folder + "/" + stem + ".xml";
  }
};

std::vector<std::string> xml_stems(const fs::path& folder) {
  std::vector<std::string> stems;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().extension() == ".xml" && !is_hidden(entry->path().filename().string()))
      stems.push_back(entry->path().stem().string());
  if (error) fail(in_quotes(folder.string()), ": the folder cannot be read (", error.message(), ")");
  std::ranges::sort(stems);
  return stems;
}

VocSet read_files(const fs::path& root, const std::string& folder,
                  const std::optional<std::vector<std::string>>& split, AnnotationProblems& problems) {
  VocSet set{root, folder, {}, {}};
  std::unordered_set<std::string> wanted;
  if (split) wanted.insert(split->begin(), split->end());
  AnnotationProblems of_others;
  for (const std::string& stem : xml_stems(root / folder)) {
    AnnotationProblems& told = !split || wanted.contains(stem) ? problems : of_others;
    VocPicture picture;
    if (!read_voc_file(root / folder / (stem + ".xml"), set.place(stem), picture, told)) {
      set.by_stem.emplace(stem, kUnreadable);
      continue;
    }
    set.by_stem.emplace(stem, set.pictures.size());
    set.pictures.push_back(std::move(picture));
  }
  return set;
}

std::map<std::string, int64_t> take_categories(const VocSet& voc, AnnotatedPictures& set) {
  std::map<std::string, int64_t> places;
  for (const VocPicture& picture : voc.pictures)
    for (const VocObject& object : picture.objects) places.emplace(object.name, 0);
  for (auto& [name, place] : places) {
    place = static_cast<int64_t>(set.categories.size());
    set.categories.push_back({place + 1, name});
  }
  return places;
}

// VOC names a picture as its XML file; what the XML says counts where there is no such picture.
std::string picture_file(const VocPicture& picture, const std::unordered_set<std::string>& files) {
  for (const char* ending : kEndings)
    if (files.contains(picture.stem + ending)) return picture.stem + ending;
  return is_plain_name(picture.file) ? picture.file : picture.stem + kEndings[0];
}

std::unordered_set<std::string> files_in(const fs::path& folder) {
  std::unordered_set<std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    files.insert(entry->path().filename().string());
  return files;
}

Annotation annotation_of(const VocObject& object, const Corners& corners, int64_t category, int64_t id) {
  const Box box = corners(object.box);
  return {.box = box,
          .category = category,
          .area = box.width() * box.height(),
          .difficult = object.difficult,
          .id = id};
}

void take_pictures(const VocSet& voc, const std::vector<std::string>& stems, AnnotationDraft& draft) {
  const std::map<std::string, int64_t> categories = take_categories(voc, draft.set);
  const std::unordered_set<std::string> files = files_in(draft.set.images);
  const Corners corners = corners_of(voc.pictures);
  if (corners.first == 0)
    draft.problems.noted("zero_based", in_quotes(voc.root.string()),
                         ": pixels count from 0 here, not from 1 as in VOC",
                         corners.last ? "" : ", and the last corner is no pixel of the box");
  std::unordered_set<std::string> taken;
  int64_t objects = 0;
  for (const std::string& stem : stems) {
    const auto found = voc.by_stem.find(stem);
    if (found == voc.by_stem.end()) {
      draft.problems.skipped("missing_file", voc.place(stem),
                             ": the split names it, but there is no such file");
    } else if (!taken.insert(stem).second) {
      draft.problems.skipped("duplicate_id", voc.place(stem), ": the split names it twice");
    } else if (found->second != kUnreadable) {
      const VocPicture& from = voc.pictures[found->second];
      draft.set.pictures.push_back({.id = std::distance(voc.by_stem.begin(), found) + 1,
                                    .file = picture_file(from, files),
                                    .width = from.width,
                                    .height = from.height,
                                    .objects = {}});
      for (const VocObject& object : from.objects)
        draft.set.pictures.back().objects.push_back(
            annotation_of(object, corners, categories.at(object.name), ++objects));
      draft.places.push_back(voc.place(stem));
    }
  }
}

// "Annotations", "annotations" or "."; empty if there is no XML file in them.
std::string annotations_folder(const fs::path& root) {
  for (const char* name : {"Annotations", "annotations", "."}) {
    std::error_code error;
    for (fs::directory_iterator entry(root / name, error); !error && entry != fs::directory_iterator();
         entry.increment(error))
      if (entry->path().extension() == ".xml") return name;
  }
  return "";
}

}  // namespace

fs::path voc_root(const fs::path& path) {
  if (!annotations_folder(path).empty()) return path;
  std::vector<fs::path> below;
  std::error_code error;
  for (fs::directory_iterator entry(path, error); !error && entry != fs::directory_iterator();
       entry.increment(error))
    if (entry->is_directory(error) && fs::is_directory(entry->path() / "Annotations", error))
      below.push_back(entry->path());
  return below.size() == 1 && !annotations_folder(below[0]).empty() ? below[0] : "";
}

AnnotatedPictures read_voc_annotations(const AnnotationSource& source) {
  const fs::path root = voc_root(source.path), lists = root / "ImageSets" / "Main";
  AnnotationDraft draft;
  draft.set.format = "voc";
  draft.set.images = pictures_folder(root, source);
  draft.set.splits = splits_of(lists);
  const std::string split = chosen_split(source, draft.set.splits);
  std::optional<std::vector<std::string>> stems;
  if (!split.empty()) stems = stems_of(lists / (split + ".txt"));
  const VocSet voc = read_files(root, annotations_folder(root), stems, draft.problems);
  if (!stems) stems = xml_stems(root / annotations_folder(root));
  take_pictures(voc, *stems, draft);
  return finished(std::move(draft), source);
}

}  // namespace fovea
