// COCO's instances file, or a folder with one for each split.
#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "attention/base/error.h"
#include "vision/coco_file.h"
#include "vision/coco_folder.h"
#include "vision/picture_listing.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

// "instances_train2017.json" -> "train2017"
std::string split_of(const fs::path& file) {
  const std::string stem = file.stem().string();
  return stem.substr(stem.rfind('_') + 1);
}

std::vector<fs::path> usual_folders(const fs::path& file) {
  const fs::path beside = file.parent_path(), above = beside / "..";
  const std::string split = split_of(file), word = split.substr(0, split.find_last_not_of("0123456789") + 1);
  std::vector<fs::path> folders = {beside, beside / "images", above / "images"};
  for (const std::string& name : {split, word})
    for (const fs::path& folder : {above / name, above / "images" / name, beside / name})
      if (!name.empty()) folders.push_back(folder);
  folders.push_back(above);
  for (fs::path& folder : folders) folder = folder.empty() ? "." : folder.lexically_normal();
  std::vector<fs::path> once;
  for (const fs::path& folder : folders)
    if (std::ranges::find(once, folder) == once.end()) once.push_back(folder);
  return once;
}

// Where the pictures lie, going by some of them; none if they are nowhere.
std::optional<fs::path> find_folder(const std::vector<fs::path>& folders,
                                    const std::vector<CocoPicture>& pictures) {
  constexpr size_t kTried = 16;
  const size_t step = std::max<size_t>(pictures.size() / kTried, 1);
  std::optional<fs::path> best;
  size_t most = 0;
  for (const fs::path& folder : folders) {
    size_t found = 0;
    std::error_code error;
    for (size_t i = 0; i < pictures.size(); i += step)
      found += fs::is_regular_file(folder / name_below(folder, pictures[i].file), error);
    if (found <= most) continue;
    most = found;
    best = folder;
  }
  return best;
}

// The folder that was given holds the pictures, or for a set of splits their folders.
fs::path given_folder(const AnnotationSource& source, const CocoSplit& split,
                      const std::vector<CocoPicture>& pictures) {
  const fs::path& given = source.images;
  if (split.name.empty()) return given;
  return find_folder({given, given / split_of(split.file), given / split.name, given / split.name / "images"},
                     pictures)
      .value_or(given);
}

fs::path images_folder(const AnnotationSource& source, const CocoSplit& split,
                       const std::vector<CocoPicture>& pictures) {
  if (!source.images.empty()) return given_folder(source, split, pictures);
  const std::vector<fs::path> folders = usual_folders(split.file);
  if (const auto found = find_folder(folders, pictures)) return *found;
  if (source.check == PictureCheck::kNone || pictures.empty()) return folders[0];
  std::string tried;
  for (const fs::path& folder : folders) tried += (tried.empty() ? "" : ", ") + in_quotes(folder.string());
  fail(in_quotes(split.file.string()), ": its pictures (", in_quotes(pictures[0].file),
       ", ...) are in none of ", tried, "; say where they are");
}

// Some exports put a category above all others, which no object is of.
void drop_parent(CocoFile& file, AnnotationProblems& problems) {
  const auto top = std::ranges::find(file.categories, 0, &CocoCategory::id);
  if (top == file.categories.end() || file.categories.size() < 2 ||
      (top->parent != "none" && !top->parent.empty()))
    return;
  for (const CocoCategory& category : file.categories)
    if (category.id != 0 && category.parent != top->name) return;
  if (std::ranges::find(file.objects, 0, &CocoObject::category) != file.objects.end()) return;
  problems.noted("parent_category", "category ", in_quotes(top->name),
                 " is above all others and has no objects of its own; it is not taken for a class");
  file.categories.erase(top);
}

// Categories by ascending id, and where each is among them.
std::unordered_map<int64_t, int64_t> take_categories(CocoFile& file, AnnotationDraft& draft) {
  drop_parent(file, draft.problems);
  std::ranges::stable_sort(file.categories, {}, &CocoCategory::id);
  std::unordered_map<int64_t, int64_t> places;
  for (CocoCategory& category : file.categories) {
    const auto place = static_cast<int64_t>(draft.set.categories.size());
    if (category.id == 0)
      draft.problems.noted("id_zero", "category ", in_quotes(category.name), ": its id is 0");
    if (places.emplace(category.id, place).second)
      draft.set.categories.push_back({category.id, std::move(category.name)});
    else
      draft.problems.skipped("duplicate_id", "category ", in_quotes(category.name), ": its id ", category.id,
                             " is that of ", in_quotes(draft.set.categories.back().name));
  }
  return places;
}

std::unordered_map<int64_t, size_t> take_pictures(CocoFile& file, AnnotationDraft& draft) {
  std::unordered_map<int64_t, size_t> places;
  for (CocoPicture& picture : file.pictures) {
    picture.file = name_below(draft.set.images, picture.file);
    const std::string name = in_quotes(picture.file);
    if (picture.id == 0) draft.problems.noted("id_zero", name, ": the picture's id is 0");
    if (const auto [known, added] = places.emplace(picture.id, draft.set.pictures.size()); !added) {
      const std::string& first = draft.set.pictures[known->second].file;
      if (first == picture.file)
        draft.problems.skipped("duplicate_id", name, ": is listed twice under its id ", picture.id);
      else
        draft.problems.left_out("duplicate_id", draft.set.images / picture.file, name, ": its picture id ",
                                picture.id, " is that of ", in_quotes(first));
      continue;
    }
    draft.places.push_back(name);
    draft.set.pictures.push_back({.id = picture.id,
                                  .file = std::move(picture.file),
                                  .width = picture.width,
                                  .height = picture.height,
                                  .objects = {}});
  }
  file.pictures = {};
  return places;
}

// Gives each object an id of its own. A whole object that is there twice is left out.
class ObjectIds {
 public:
  ObjectIds(const std::deque<CocoObject>& objects, AnnotationProblems& problems) : problems_(problems) {
    std::vector<int64_t> ids;
    ids.reserve(objects.size());
    for (const CocoObject& object : objects) ids.push_back(object.id);
    std::ranges::sort(ids);
    if (!ids.empty()) last_ = std::max<int64_t>(ids.back(), 0);
    for (size_t i = 1; i < ids.size(); ++i)
      if (ids[i] == ids[i - 1]) first_.emplace(ids[i], nullptr);
  }

  // False, and told: leave it out.
  bool settle(CocoObject& object, const std::string& picture) {
    if (object.id == 0) problems_.noted("id_zero", picture, ": the id of an annotation is 0");
    if (object.id == kNone) {
      object.id = ++last_;
      problems_.repaired("no_id", picture, ": an annotation has no id; it is given ", object.id);
      return true;
    }
    const auto twice = first_.find(object.id);
    if (twice == first_.end()) return true;
    const CocoObject*& first = twice->second;
    if (!first) {
      first = &object;
      return true;
    }
    if (first->picture == object.picture && first->category == object.category &&
        first->bbox == object.bbox) {
      problems_.skipped("duplicate_id", picture, ": annotation ", object.id, " is there twice");
      return false;
    }
    const int64_t said = object.id;
    object.id = ++last_;
    problems_.repaired("duplicate_id", picture, ": annotation id ", said, " is used twice; one is given ",
                       object.id);
    return true;
  }

 private:
  static constexpr int64_t kNone = CocoObject().id;
  AnnotationProblems& problems_;
  int64_t last_ = 0;
  std::unordered_map<int64_t, const CocoObject*> first_;  // of ids that occur more than once
};

Annotation annotation_of(const CocoObject& object, int64_t category) {
  const auto& [x, y, width, height] = object.bbox;
  return {.box = {x, y, x + width, y + height},
          .category = category,
          .area = object.area >= 0 ? object.area : width * height,
          .crowd = object.crowd,
          .id = object.id,
          .bbox = object.bbox};
}

// `name`: what messages call the file.
void take_objects(CocoFile& file, const std::string& name,
                  const std::unordered_map<int64_t, size_t>& pictures,
                  const std::unordered_map<int64_t, int64_t>& categories, AnnotationDraft& draft) {
  std::vector<size_t> counts(draft.set.pictures.size());
  for (const CocoObject& object : file.objects)
    if (const auto picture = pictures.find(object.picture); picture != pictures.end())
      ++counts[picture->second];
  for (size_t i = 0; i < counts.size(); ++i) draft.set.pictures[i].objects.reserve(counts[i]);
  ObjectIds ids(file.objects, draft.problems);
  for (CocoObject& object : file.objects) {
    const auto picture = pictures.find(object.picture);
    const auto category = categories.find(object.category);
    if (picture == pictures.end())
      draft.problems.skipped("unknown_picture", name, ": annotation ", object.id,
                             ": there is no picture of id ", object.picture);
    else if (category == categories.end())
      draft.problems.skipped("unknown_category", draft.places[picture->second], ": annotation ", object.id,
                             " is of category ", object.category, ", which there is none of");
    else if (ids.settle(object, draft.places[picture->second]))
      draft.set.pictures[picture->second].objects.push_back(annotation_of(object, category->second));
  }
  file.objects = {};
}

CocoSplit split_to_read(const AnnotationSource& source, std::vector<std::string>& names) {
  std::error_code error;
  std::vector<CocoSplit> splits = {{"", source.path}};
  if (fs::is_directory(source.path, error)) splits = coco_splits(source.path);
  if (splits.empty()) fail(in_quotes(source.path.string()), ": its JSON files are gone; check the path");
  for (const CocoSplit& split : splits)
    if (!split.name.empty()) names.push_back(split.name);
  const std::string wanted = chosen_split(source, names);
  if (wanted.empty() && splits.size() > 1)
    fail(in_quotes(source.path.string()), ": has no split train; name one of ", listed(names));
  return *std::ranges::find(splits, wanted.empty() ? splits[0].name : wanted, &CocoSplit::name);
}

}  // namespace

AnnotatedPictures read_coco_annotations(const AnnotationSource& source) {
  AnnotationDraft draft;
  draft.set.format = "coco";
  const CocoSplit split = split_to_read(source, draft.set.splits);
  CocoFile file = read_coco_file(split.file, source.boxes, draft.problems);
  draft.set.images = images_folder(source, split, file.pictures);
  const auto categories = take_categories(file, draft);
  const auto pictures = take_pictures(file, draft);
  take_objects(file, in_quotes(split.file.string()), pictures, categories, draft);
  return finished(std::move(draft), source);
}

}  // namespace fovea
