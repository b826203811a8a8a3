// Pascal VOC: http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html
#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "attention/base/error.h"
#include "vision/annotation_draft.h"
#include "vision/picture_listing.h"
#include "vision/voc_file.h"
#include "vision/voc_folders.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostBytes = 64 << 20;
constexpr size_t kUnreadable = SIZE_MAX;
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

fs::path pictures_folder(const VocFolder& folder, const AnnotationSource& source) {
  if (!source.images.empty()) return source.images;
  const bool one_set = folder.split.empty() && folder.pictures != ".";
  return one_set ? folder.root / folder.pictures : folder.root;
}

// Every XML file of the set, also those outside the split: categories are the same for all splits.
struct VocSet {
  struct File {
    size_t picture;
    int64_t id;  // counts all files by name, from 1
  };
  fs::path root;
  std::vector<VocPicture> pictures;
  std::map<std::string, File> by_name;  // "Annotations/a"

  static std::string place(const std::string& name) { return name + ".xml"; }
};

std::string file_name(const std::string& folder, const std::string& stem) {
  return folder == "." ? stem : folder + "/" + stem;
}

// The files of a split, in its order. "2007_000027 -1" says that a class is not in the picture.
std::vector<std::string> listed_names(const VocFolder& folder, const std::string& split) {
  std::vector<std::string> names;
  for (const auto& [number, line] : annotation_lines(voc_list(folder, split), kMostBytes)) {
    const size_t end = line.find_first_of(" \t");
    if (end == std::string::npos || !line.ends_with("-1"))
      names.push_back(file_name(folder.annotations, line.substr(0, end)));
  }
  return names;
}

std::vector<std::string> names_in(const VocFolder& place) {
  const fs::path folder = place.root / place.annotations;
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().extension() == ".xml" && !is_hidden(entry->path().filename().string()))
      names.push_back(file_name(place.annotations, entry->path().stem().string()));
  if (error) fail(in_quotes(folder.string()), ": the folder cannot be read (", error.message(), ")");
  std::ranges::sort(names);
  return names;
}

// The files that the split is of.
std::vector<std::string> wanted_names(const std::vector<VocFolder>& folders, const std::string& split) {
  std::vector<std::string> names;
  for (const VocFolder& folder : folders) {
    if (!split.empty() && folder.split.empty()) return listed_names(folder, split);
    if (!split.empty() && folder.split != split) continue;
    const std::vector<std::string> own = names_in(folder);
    names.insert(names.end(), own.begin(), own.end());
  }
  return names;
}

VocSet read_files(const std::vector<VocFolder>& folders, const std::vector<std::string>& names,
                  AnnotationProblems& problems) {
  VocSet set{folders[0].root, {}, {}};
  const std::unordered_set<std::string> wanted(names.begin(), names.end());
  AnnotationProblems of_others;
  for (const VocFolder& folder : folders)
    for (const std::string& name : names_in(folder)) {
      AnnotationProblems& told = wanted.contains(name) ? problems : of_others;
      VocPicture picture;
      if (!read_voc_file(set.root / set.place(name), set.place(name), picture, told)) {
        set.by_name[name] = {kUnreadable, 0};
        continue;
      }
      if (!folder.split.empty()) picture.folder = folder.pictures;
      set.by_name[name] = {set.pictures.size(), 0};
      set.pictures.push_back(std::move(picture));
    }
  int64_t id = 0;
  for (auto& [name, file] : set.by_name) file.id = ++id;
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
  const std::string stem = file_name(picture.folder, picture.stem);
  for (const char* ending : kEndings)
    if (files.contains(stem + ending)) return stem + ending;
  return is_plain_name(picture.file) ? file_name(picture.folder, picture.file) : stem + kEndings[0];
}

// The names of the files in the folders of pictures.
std::unordered_set<std::string> files_below(const fs::path& images, const std::vector<VocPicture>& pictures) {
  std::set<std::string> folders;
  for (const VocPicture& picture : pictures) folders.insert(picture.folder);
  std::unordered_set<std::string> files;
  std::error_code error;
  for (const std::string& folder : folders)
    for (fs::directory_iterator entry(images / folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error))
      files.insert(file_name(folder, entry->path().filename().string()));
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

void take_pictures(const VocSet& voc, const std::vector<std::string>& names, AnnotationDraft& draft) {
  const std::map<std::string, int64_t> categories = take_categories(voc, draft.set);
  const std::unordered_set<std::string> files = files_below(draft.set.images, voc.pictures);
  const Corners corners = corners_of(voc.pictures);
  if (corners.first == 0)
    draft.problems.noted("zero_based", in_quotes(voc.root.string()),
                         ": pixels count from 0 here, not from 1 as in VOC",
                         corners.last ? "" : ", and the last corner is no pixel of the box");
  std::unordered_set<std::string> taken;
  int64_t objects = 0;
  for (const std::string& name : names) {
    const auto found = voc.by_name.find(name);
    if (found == voc.by_name.end()) {
      draft.problems.left_out("missing_file", voc.root / voc.place(name), voc.place(name),
                              ": the split names it, but there is no such file");
    } else if (!taken.insert(name).second) {
      draft.problems.skipped("duplicate_id", voc.place(name), ": the split names it twice");
    } else if (found->second.picture != kUnreadable) {
      const VocPicture& from = voc.pictures[found->second.picture];
      draft.set.pictures.push_back({.id = found->second.id,
                                    .file = picture_file(from, files),
                                    .width = from.width,
                                    .height = from.height,
                                    .objects = {}});
      for (const VocObject& object : from.objects)
        draft.set.pictures.back().objects.push_back(
            annotation_of(object, corners, categories.at(object.name), ++objects));
      draft.places.push_back(voc.place(name));
    }
  }
}

}  // namespace

AnnotatedPictures read_voc_annotations(const AnnotationSource& source) {
  const std::vector<VocFolder> folders = voc_folders(source.path);
  if (folders.empty()) fail(in_quotes(source.path.string()), ": its XML files are gone; check the path");
  AnnotationDraft draft;
  draft.set.format = "voc";
  draft.set.splits = voc_splits(folders);
  draft.set.images = pictures_folder(folders[0], source);
  const std::vector<std::string> names = wanted_names(folders, chosen_split(source, draft.set.splits));
  take_pictures(read_files(folders, names, draft.problems), names, draft);
  return finished(std::move(draft), source);
}

}  // namespace fovea
