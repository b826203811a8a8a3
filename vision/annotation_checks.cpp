// What is the same for all formats: data sets held against their pictures.
#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <unordered_map>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "vision/annotation_draft.h"
#include "vision/annotation_frame.h"
#include "vision/picture_listing.h"

namespace fovea {
namespace {

constexpr double kRounding = 0.05;  // pixels beyond the edge that are no mistake
constexpr double kSmall = 2, kHuge = 1e9;

std::string corners(const Box& box) {
  std::ostringstream text;
  text << box.x0 << " " << box.y0 << " " << box.x1 << " " << box.y1;
  return text.str();
}

std::vector<PictureLook> looks_at(const AnnotatedPictures& set, PictureCheck check) {
  std::vector<PictureLook> looks(set.pictures.size());
  parallel_for(static_cast<int64_t>(looks.size()), 4, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
      looks[i] = look_at_picture(set.images / set.pictures[i].file, check);
  });
  return looks;
}

// One picture's boxes.
class BoxCheck {
 public:
  BoxCheck(const AnnotationDraft& draft, const AnnotatedPicture& picture, const std::string& place, bool clip,
           AnnotationProblems& problems)
      : set_(draft.set), picture_(picture), place_(place), clip_(clip), problems_(problems) {}

  bool keep(Annotation& object) {
    const Box said = object.box;
    for (const double side : {said.x0, said.y0, said.x1, said.y1})
      if (!(std::abs(side) <= kHuge)) return skip(object, said, "is not made of plausible numbers");
    if (said.width() < 0 || said.height() < 0) return skip(object, said, "ends before it begins");
    if (!clip_) return true;
    if (said.width() == 0 || said.height() == 0) return skip(object, said, "is empty");
    if (picture_.width > 0 && picture_.height > 0) clip(object.box);
    if (object.box.width() <= 0 || object.box.height() <= 0)
      return skip(object, said, "lies outside the picture");
    if (!(object.box == said)) tell_clipped(object, said);
    if (object.area <= 0 || !std::isfinite(object.area))
      object.area = object.box.width() * object.box.height();
    if (object.box.width() < kSmall || object.box.height() < kSmall)
      problems_.noted("small_box", whose(object), " at ", corners(object.box), " is less than ", kSmall,
                      " pixels wide or high");
    const auto [at, added] = seen_.insert({object.category, said.x0, said.y0, said.x1, said.y1});
    if (!added) problems_.noted("same_box", whose(object), " at ", corners(object.box), " is there twice");
    return true;
  }

 private:
  std::string whose(const Annotation& object) const {
    std::string text = place_ + ": ";
    if (set_.format == "coco") text += "annotation " + std::to_string(object.id) + ", ";
    return text + in_quotes(set_.categories[static_cast<size_t>(object.category)].name);
  }
  bool skip(const Annotation& object, const Box& said, const char* reason) {
    problems_.skipped("bad_box", whose(object), ": the box ", corners(said), " ", reason);
    return false;
  }
  void clip(Box& box) const {
    const auto width = static_cast<double>(picture_.width), height = static_cast<double>(picture_.height);
    box = {std::clamp(box.x0, 0.0, width), std::clamp(box.y0, 0.0, height), std::clamp(box.x1, 0.0, width),
           std::clamp(box.y1, 0.0, height)};
  }
  void tell_clipped(const Annotation& object, const Box& said) {
    const double most = std::max({std::abs(said.x0 - object.box.x0), std::abs(said.y0 - object.box.y0),
                                  std::abs(said.x1 - object.box.x1), std::abs(said.y1 - object.box.y1)});
    if (most > kRounding)
      problems_.repaired("clipped_box", whose(object), ": the box ", corners(said),
                         " goes beyond the picture of ", picture_.width, " x ", picture_.height,
                         "; clipped to it");
  }

  const AnnotatedPictures& set_;
  const AnnotatedPicture& picture_;
  const std::string& place_;
  bool clip_;
  AnnotationProblems& problems_;
  std::set<std::tuple<int64_t, double, double, double, double>> seen_;
};

void to_pixels(AnnotatedPicture& picture) {
  const auto width = static_cast<double>(picture.width), height = static_cast<double>(picture.height);
  for (Annotation& object : picture.objects) {
    Box& box = object.box;
    box = {box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height};
    object.area = box.width() * box.height();
  }
}

// False: the picture cannot be used.
bool settle(const AnnotationDraft& draft, AnnotatedPicture& picture, const std::string& place,
            const PictureLook& look, AnnotationProblems& problems) {
  const std::filesystem::path path = draft.set.images / picture.file;
  if (!look.code.empty()) {
    problems.left_out(look.code == "not_found" ? "missing_picture" : "bad_picture", path, place, ": ",
                      look.reason);
    return false;
  }
  if (!draft.fractions) return settle_frame(picture, look, path, place, problems);
  picture.width = look.width;
  picture.height = look.height;
  to_pixels(picture);
  return true;
}

// A model has one class of a name, so that the data set's categories of one name are one.
void merge_categories(AnnotatedPictures& set, AnnotationProblems& problems) {
  std::unordered_map<std::string, int64_t> places;
  std::vector<Category> kept;
  std::vector<int64_t> moved;
  for (const Category& category : set.categories) {
    const auto [known, added] = places.emplace(category.name, std::ssize(kept));
    moved.push_back(known->second);
    if (added) {
      kept.push_back(category);
      continue;
    }
    set.merged.emplace(category.id, known->second);
    problems.repaired("same_name", "categories ", kept[static_cast<size_t>(known->second)].id, " and ",
                      category.id, " are both called ", in_quotes(category.name), "; they are taken as one");
  }
  if (set.merged.empty()) return;
  set.categories = std::move(kept);
  for (AnnotatedPicture& picture : set.pictures)
    for (Annotation& object : picture.objects) object.category = moved[static_cast<size_t>(object.category)];
}

void check_names(const AnnotatedPictures& set, AnnotationProblems& problems) {
  const auto lower = [](std::string name) {
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return name;
  };
  std::unordered_map<std::string, std::string> names;
  for (const Category& category : set.categories) {
    const auto [known, added] = names.emplace(lower(category.name), category.name);
    if (!added)
      problems.noted("similar_names", "categories ", in_quotes(known->second), " and ",
                     in_quotes(category.name), " differ by case only");
  }
  std::unordered_map<std::string_view, int64_t> files;
  for (const AnnotatedPicture& picture : set.pictures)
    if (++files[picture.file] == 2)
      problems.noted("same_file", in_quotes(picture.file), ": the picture is listed more than once");
}

[[noreturn]] void no_pictures(const AnnotationDraft& draft, const AnnotationSource& source, size_t entries) {
  std::string why;
  const auto& told = draft.problems.told();
  const auto first = std::ranges::find(told, AnnotationProblem::Kind::kSkipped, &AnnotationProblem::kind);
  if (first != told.end()) why = "; the first: " + first->message;
  if (entries == 0) fail(in_quotes(source.path.string()), ": holds no usable picture entry", why);
  if (entries == 1)
    fail(in_quotes(source.path.string()), ": its only picture cannot be used, of ",
         in_quotes(draft.set.images.string()), why);
  fail(in_quotes(source.path.string()), ": none of its ", entries, " pictures can be used, of ",
       in_quotes(draft.set.images.string()), why);
}

}  // namespace

AnnotatedPictures finished(AnnotationDraft draft, const AnnotationSource& source) {
  AnnotatedPictures& set = draft.set;
  merge_categories(set, draft.problems);
  std::vector<PictureLook> looks;
  const bool sizeless =
      std::ranges::any_of(set.pictures, [](const auto& p) { return p.width <= 0 || p.height <= 0; });
  const bool only_sizes = source.check == PictureCheck::kNone;
  if (draft.fractions || !only_sizes || (sizeless && set.format != "coco"))
    looks = looks_at(set, only_sizes ? PictureCheck::kHeader : source.check);
  std::vector<AnnotatedPicture> kept;
  kept.reserve(set.pictures.size());
  for (size_t i = 0; i < set.pictures.size(); ++i) {
    AnnotatedPicture& picture = set.pictures[i];
    const std::string& place = draft.places[i];
    if (!looks.empty() && !settle(draft, picture, place, looks[i], draft.problems)) continue;
    BoxCheck check(draft, picture, place, source.clip, draft.problems);
    std::erase_if(picture.objects, [&](Annotation& object) { return !check.keep(object); });
    if (picture.objects.empty())
      draft.problems.noted("no_objects", place, ": shows nothing that is annotated");
    kept.push_back(std::move(picture));
  }
  if (kept.empty()) no_pictures(draft, source, set.pictures.size());
  set.pictures = std::move(kept);
  check_names(set, draft.problems);
  set.problems = draft.problems.all();
  set.left_out = draft.problems.pictures_left_out();
  return std::move(set);
}

std::string repaired_entries(const AnnotatedPictures& data) {
  int64_t count = 0;
  const AnnotationProblem* first = nullptr;
  for (const AnnotationProblem& problem : data.problems) {
    if (problem.kind == AnnotationProblem::Kind::kNoted || problem.of_picture) continue;
    count += problem.count;
    if (!first) first = &problem;
  }
  if (!first) return "";
  return std::to_string(count) +
         (count == 1 ? " of the data's entries was left out or repaired: "
                     : " of the data's entries were left out or repaired, the first: ") +
         first->message;
}

}  // namespace fovea
