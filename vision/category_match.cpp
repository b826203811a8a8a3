#include "vision/category_match.h"

#include <algorithm>
#include <map>

#include "attention/base/error.h"

namespace fovea {
namespace {

constexpr size_t kCocoPlaces = 91;

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool has_gaps(std::span<const std::string> labels) {
  return std::find(labels.begin(), labels.end(), "N/A") != labels.end();
}

// Whether the labels' places are COCO's ids of these categories.
bool numbered_by_id(std::span<const std::string> labels, std::span<const Category> categories) {
  if (labels.size() != kCocoPlaces || !has_gaps(labels)) return false;
  int64_t same = 0;
  for (const Category& category : categories)
    same += category.id >= 0 && category.id < std::ssize(labels) &&
            lower_case(labels[static_cast<size_t>(category.id)]) == lower_case(category.name);
  return 2 * same > std::ssize(categories);
}

std::vector<int64_t> by_id(size_t classes, std::span<const Category> categories) {
  std::vector<int64_t> matches(classes, -1);
  for (size_t i = 0; i < categories.size(); ++i)
    if (categories[i].id >= 0 && categories[i].id < static_cast<int64_t>(classes))
      matches[static_cast<size_t>(categories[i].id)] = static_cast<int64_t>(i);
  return matches;
}

std::vector<int64_t> by_name(std::span<const std::string> labels, std::span<const Category> categories) {
  std::map<std::string, int64_t> exact, folded;
  for (size_t i = 0; i < categories.size(); ++i) {
    exact.emplace(categories[i].name, static_cast<int64_t>(i));
    folded.emplace(lower_case(categories[i].name), static_cast<int64_t>(i));
  }
  std::vector<int64_t> matches;
  for (const std::string& label : labels) {
    const auto same = exact.find(label);
    const auto similar = folded.find(lower_case(label));
    matches.push_back(same != exact.end() ? same->second : similar != folded.end() ? similar->second : -1);
  }
  return matches;
}

std::string first_few(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < 5; ++i) text += (i ? ", " : "") + names[i];
  return names.size() > 5 ? text + ", ..." : text;
}

}  // namespace

std::vector<int64_t> match_categories(std::span<const std::string> labels,
                                      std::span<const Category> categories) {
  if (numbered_by_id(labels, categories)) return by_id(labels.size(), categories);
  std::vector<int64_t> matches = by_name(labels, categories);
  if (std::any_of(matches.begin(), matches.end(), [](int64_t match) { return match >= 0; })) return matches;
  std::vector<std::string> classes, names;
  for (const std::string& label : labels)
    if (label != "N/A") classes.push_back(label);
  for (const Category& category : categories) names.push_back(category.name);
  fail("the model's classes (", first_few(classes), ") are none of the data's categories (", first_few(names),
       "); choose data with the classes that the model was trained for");
}

std::vector<int64_t> unmatched(std::span<const int64_t> matches, std::span<const Category> categories) {
  std::vector<int64_t> left;
  for (int64_t i = 0; i < std::ssize(categories); ++i)
    if (std::find(matches.begin(), matches.end(), i) == matches.end()) left.push_back(i);
  return left;
}

}  // namespace fovea
