#include "vision/annotation_draft.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "attention/base/error.h"
#include "vision/picture_listing.h"

namespace fovea {

namespace fs = std::filesystem;

void AnnotationProblems::add(Kind kind, const char* code, std::string text, bool of_picture) {
  if (++counts_[{code, kind, of_picture}] <= kMostTold)
    told_.push_back({kind, code, std::move(text), 1, of_picture});
}

std::vector<AnnotationProblem> AnnotationProblems::all() const {
  std::vector<AnnotationProblem> problems = told_;
  for (const auto& [what, count] : counts_) {
    const auto& [code, kind, of_picture] = what;
    if (count > kMostTold)
      problems.push_back({kind, code,
                          "and " + std::to_string(count - kMostTold) + " more of the kind '" + code + "'",
                          count - kMostTold, of_picture});
  }
  return problems;
}

std::string chosen_split(const AnnotationSource& source, const std::vector<std::string>& splits) {
  const auto has = [&](const std::string& name) { return std::ranges::find(splits, name) != splits.end(); };
  if (source.split.empty()) return has("train") ? "train" : "";
  if (has(source.split)) return source.split;
  fail(in_quotes(source.path.string()), ": no split ", in_quotes(source.split), "; it has ",
       splits.empty() ? "none" : listed(splits));
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool is_plain_name(const std::string& name) {
  constexpr size_t kLongest = 4096;
  if (name.empty() || name.size() > kLongest || name.find('\0') != std::string::npos) return false;
  const fs::path path(name);
  if (path.is_absolute() || !path.has_filename()) return false;
  for (const fs::path& part : path)
    if (part == "..") return false;
  return true;
}

std::string name_below(const fs::path& folder, const std::string& name) {
  std::error_code error;
  if (name.find('\\') == std::string::npos || fs::exists(folder / name, error)) return name;
  std::string other = name;
  std::ranges::replace(other, '\\', '/');
  return is_plain_name(other) ? other : name;
}

bool is_utf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

std::string annotation_text(const fs::path& file, int64_t most) {
  std::error_code error;
  if (!fs::exists(file, error)) fail(in_quotes(file.string()), ": there is no such file; check the path");
  if (!fs::is_regular_file(file, error)) fail(in_quotes(file.string()), ": is no file; check the path");
  std::ifstream stream(file, std::ios::binary);
  std::string text(
      static_cast<size_t>(std::min(fs::file_size(file, error), static_cast<uintmax_t>(most) + 1)), '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream || error) fail(in_quotes(file.string()), ": the file cannot be read; check its permissions");
  if (static_cast<int64_t>(text.size()) > most)
    fail(in_quotes(file.string()), ": more than ", most, " bytes are too many for a file of its kind");
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

std::vector<AnnotationLine> annotation_lines(const fs::path& file, int64_t most) {
  std::istringstream text(annotation_text(file, most));
  std::vector<AnnotationLine> lines;
  int64_t number = 0;
  for (std::string line; std::getline(text, line);) {
    const size_t begin = line.find_first_not_of(" \t\r"), end = line.find_last_not_of(" \t\r");
    ++number;
    if (begin != std::string::npos) lines.push_back({number, line.substr(begin, end - begin + 1)});
  }
  return lines;
}

}  // namespace fovea
