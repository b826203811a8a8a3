#include "models/training/classification_data.h"

#include <algorithm>

#include "attention/base/error.h"
#include "models/training/fingerprint.h"
#include "vision/annotation_draft.h"
#include "vision/split.h"
#include "vision/training_batches.h"

namespace fovea {
namespace {

constexpr char kTrain[] = "train";
constexpr double kUsualShare = 0.1;

void add(Fingerprint& print, const ImageFolder& pictures, const std::vector<int64_t>& indices) {
  for (const int64_t i : indices) {
    print.add(pictures.picture(i).name);
    print.add(std::to_string(pictures.picture(i).label));
  }
  print.step();
}

}  // namespace

bool can_name_class(const std::string& name) {
  return is_utf8(name) && std::ranges::none_of(name, [](unsigned char c) { return c < ' ' || c == 127; });
}

std::string usual_held_out(const std::vector<std::string>& splits) {
  for (const char* name : {"val", "valid", "validation", "test"})
    if (std::find(splits.begin(), splits.end(), name) != splits.end()) return name;
  return "";
}

std::map<std::string, int64_t> ClassificationData::train_counts() const {
  std::map<std::string, int64_t> counts;
  for (const std::string& name : classes()) counts[name] = 0;
  for (const int64_t i : train) ++counts[classes()[static_cast<size_t>(pictures.picture(i).label)]];
  return counts;
}

std::string ClassificationData::fingerprint() const {
  Fingerprint print;
  for (const std::string& name : classes()) print.add(name);
  add(print, pictures, train);
  add(print, held_out_pictures, held_out);
  return print.text();
}

ClassificationData open_classification_data(const std::filesystem::path& path, const HeldOut& wanted) {
  ImageFolder pictures = ImageFolder::open(path);
  for (const std::string& name : pictures.classes())
    if (!can_name_class(name))
      fail(path.string(), ": the folder of class ", in_quotes(name),
           " has a name that is not UTF-8, or breaks a line; rename it");
  if (pictures.classes().size() < 2)
    fail(path.string(), ": has one class only, '", pictures.classes().at(0),
         "'; a classifier needs two classes at least, each in a folder of its own");
  const std::string split = wanted.share >= 0       ? ""
                            : !wanted.split.empty() ? wanted.split
                                                    : usual_held_out(pictures.splits());
  if (!split.empty()) {
    ImageFolder other = ImageFolder::open(path, split);
    if (other.split() == kTrain)
      fail(path.string(), ": --split ", split, " is what is trained on; hold out another one");
    for (const std::string& name : other.classes())
      if (!std::ranges::binary_search(pictures.classes(), name))
        fail(path.string(), ": class ", in_quotes(name), " is in ", split,
             ", but not in what is trained on; add it there, or take it out");
    other = other.with_classes(pictures.classes());
    std::vector<int64_t> train = all_indices(pictures), held_out = all_indices(other);
    return {std::move(pictures), std::move(train), std::move(other), std::move(held_out)};
  }
  const Split parts = hold_out(pictures, wanted.share >= 0 ? wanted.share : kUsualShare, wanted.seed);
  return {pictures, parts.train, pictures, parts.held_out};
}

}  // namespace fovea
