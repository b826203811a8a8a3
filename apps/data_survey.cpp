#include "apps/data_survey.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "attention/base/error.h"
#include "attention/base/parallel.h"
#include "models/training/classification_data.h"
#include "vision/image_folder.h"
#include "vision/picture_listing.h"
#include "vision/picture_look.h"

namespace fovea {
namespace {

using Kind = AnnotationProblem::Kind;

// Collects a report, split by split.
class Survey {
 public:
  Survey(const AnnotationSource& source, const std::string& format) {
    report_.path = source.path.string();
    report_.format = format;
  }

  DataReport::DataCategory& category(int64_t id, const std::string& name) {
    DataReport::DataCategory& category = categories_[{id, name}];
    category.id = id;
    category.name = name;
    return category;
  }
  void begin(const std::string& split) { report_.splits.push_back({split}); }
  // Pictures are the same in two splits if their `name` and `content` are.
  void picture(const std::string& name, uint64_t content, const std::vector<Annotation>& objects) {
    DataReport::DataSplit& split = report_.splits.back();
    ++split.pictures;
    split.objects += static_cast<int64_t>(objects.size());
    report_.per_picture.push_back(static_cast<int64_t>(objects.size()));
    for (const Annotation& object : objects)
      report_.boxes.push_back({object.box.width(), object.box.height()});
    files_[{name, content}].insert(report_.splits.size() - 1);
  }
  void problem(const AnnotationProblem& problem) {
    if (problem.count > 1 || told_.insert({problem.code, problem.message}).second)
      report_.problems.push_back(problem);
  }

  DataReport finish() {
    for (auto& [key, category] : categories_) report_.categories.push_back(std::move(category));
    std::ranges::sort(report_.boxes, {}, [](const auto& box) { return box.width * box.height; });
    std::ranges::sort(report_.per_picture);
    find_shared();
    return std::move(report_);
  }

 private:
  void find_shared() {
    std::map<std::pair<size_t, size_t>, std::vector<std::string>> shared;
    for (const auto& [file, splits] : files_)
      for (auto a = splits.begin(); a != splits.end(); ++a)
        for (auto b = std::next(a); b != splits.end(); ++b) shared[{*a, *b}].push_back(file.first);
    for (auto& [pair, names] : shared) {
      std::ranges::sort(names);
      const std::string &a = report_.splits[pair.first].name, &b = report_.splits[pair.second].name;
      problem({Kind::kNoted, "shared_file", in_quotes(names[0]) + " is in " + a + " and in " + b});
      if (names.size() > 1)
        problem({Kind::kNoted, "shared_file",
                 "and " + std::to_string(names.size() - 1) + " more are in " + a + " and in " + b,
                 static_cast<int64_t>(names.size()) - 1});
      report_.shared.push_back({a, b, std::move(names)});
    }
  }

  DataReport report_;
  std::map<std::pair<int64_t, std::string>, DataReport::DataCategory> categories_;
  std::map<std::pair<std::string, uint64_t>, std::set<size_t>> files_;  // -> splits it is in
  std::set<std::pair<std::string, std::string>> told_;
};

void add(Survey& survey, const AnnotatedPictures& set, const std::string& split) {
  survey.begin(split);
  for (const Category& category : set.categories) survey.category(category.id, category.name);
  for (const AnnotatedPicture& picture : set.pictures) {
    std::set<int64_t> shown;
    for (const Annotation& object : picture.objects) {
      const Category& category = set.categories[static_cast<size_t>(object.category)];
      DataReport::DataCategory& counts = survey.category(category.id, category.name);
      ++counts.objects;
      counts.pictures += shown.insert(object.category).second;
    }
    // Splits that are folders beside each other.
    const bool by_base = set.format == "yolo" || (!split.empty() && picture.file.starts_with(split + "/"));
    survey.picture(by_base ? std::filesystem::path(picture.file).filename().string() : picture.file, 0,
                   picture.objects);
  }
  for (const AnnotationProblem& problem : set.problems) survey.problem(problem);
}

// "trainval" is no split beside "train" and "val", but both.
std::vector<std::string> to_read(std::vector<std::string> splits) {
  const auto has = [&](const char* name) { return std::ranges::find(splits, name) != splits.end(); };
  if (has("train") && has("val")) std::erase(splits, "trainval");
  return splits;
}

struct FolderPicture {
  PictureLook look;
  uint64_t content = 0;
};

std::vector<FolderPicture> looks_at(const ImageFolder& data, PictureCheck check) {
  std::vector<FolderPicture> looks(static_cast<size_t>(data.size()));
  parallel_for(data.size(), 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      auto& [look, content] = looks[static_cast<size_t>(i)];
      try {
        const std::vector<uint8_t> bytes = data.bytes(i);
        look = look_at_picture(bytes, data.location(i), check);
        content = std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      } catch (const Error& error) {
        look.code = "unreadable";
        look.reason = error.what();
      }
    }
  });
  return looks;
}

// What training and evaluation, which match classes by name, say of a split beside the one to train on.
void compare_classes(Survey& survey, const ImageFolder& data, const ImageFolder& trained) {
  const auto& known = trained.classes();
  const auto tell = [&](const char* code, const std::string& name, const char* what) {
    survey.problem(
        {Kind::kNoted, code, data.split() + ": class " + in_quotes(name) + what + trained.split()});
  };
  for (const std::string& name : data.classes())
    if (std::ranges::find(known, name) == known.end())
      tell("unknown_class", name, " is refused: it is none of ");
  for (const std::string& name : known)
    if (std::ranges::find(data.classes(), name) == data.classes().end())
      tell("absent_class", name, " has no folder, as it has in ");
}

// What training refuses, can hardly learn, or does not look at.
void tell_oddities(Survey& survey, const ImageFolder& data) {
  const std::string where = data.split().empty() ? "" : data.split() + ": ";
  for (const std::string& other : data.others())
    survey.problem({Kind::kNoted, "other_file",
                    where + in_quotes(other) + " is not read: no file, or no picture by its name"});
  std::vector<int64_t> counts(data.classes().size());
  for (int64_t i = 0; i < data.size(); ++i) ++counts[static_cast<size_t>(data.picture(i).label)];
  for (size_t c = 0; c < counts.size(); ++c) {
    const std::string name = where + "class " + in_quotes(data.classes()[c]);
    if (!can_name_class(data.classes()[c]))
      survey.problem({Kind::kNoted, "class_name", name + " is refused: it is not UTF-8, or breaks a line"});
    const bool learnt = data.split().empty() || data.split() == "train";
    if (counts[c] == 1 && learnt)
      survey.problem(
          {Kind::kNoted, "one_picture", name + " has one picture: too few to learn it, or to hold out"});
  }
}

// `classes`: those of all splits, in the order of their ids.
void add(Survey& survey, const ImageFolder& data, std::vector<std::string>& classes, PictureCheck check) {
  survey.begin(data.split());
  for (const std::string& name : data.classes())
    if (std::ranges::find(classes, name) == classes.end()) classes.push_back(name);
  tell_oddities(survey, data);
  const std::vector<FolderPicture> looks = looks_at(data, check);
  for (int64_t i = 0; i < data.size(); ++i) {
    const auto& [look, content] = looks[static_cast<size_t>(i)];
    if (!look.code.empty()) {
      survey.problem({Kind::kSkipped, "bad_picture", look.reason});
      continue;
    }
    const std::string& name = data.classes()[static_cast<size_t>(data.picture(i).label)];
    ++survey.category(std::ranges::find(classes, name) - classes.begin(), name).pictures;
    survey.picture(data.picture(i).name, content, {});
  }
}

}  // namespace

DataReport survey_annotations(const AnnotationSource& source) {
  Survey survey(source, annotation_format(source.path));
  const std::vector<std::string> splits = to_read(annotation_splits(source.path));
  if (splits.empty() || !source.split.empty()) {
    add(survey, read_annotations(source), source.split);
    return survey.finish();
  }
  std::string first_wrong;
  size_t wrong = 0;
  for (const std::string& split : splits) {
    AnnotationSource of_split = source;
    of_split.split = split;
    try {
      add(survey, read_annotations(of_split), split);
    } catch (const Error& error) {
      if (wrong++ == 0) first_wrong = error.what();
      survey.problem({Kind::kSkipped, "bad_split", split + ": " + error.what()});
    }
  }
  if (wrong == splits.size()) fail(first_wrong);
  return survey.finish();
}

DataReport survey_folders(const AnnotationSource& source) {
  const ImageFolder first = ImageFolder::open(source.path, source.split);
  Survey survey(source, "folders");
  std::vector<std::string> classes = first.classes();
  if (classes.size() == 1)
    survey.problem({Kind::kNoted, "one_class",
                    in_quotes(classes[0]) + " is the only class; to train a classifier takes two at least"});
  if (first.splits().empty() || !source.split.empty()) {
    add(survey, first, classes, source.check);
    return survey.finish();
  }
  for (const std::string& split : first.splits()) {
    const ImageFolder data = ImageFolder::open(source.path, split);
    compare_classes(survey, data, first);
    add(survey, data, classes, source.check);
  }
  return survey.finish();
}

}  // namespace fovea
