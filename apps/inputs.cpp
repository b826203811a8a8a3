#include "apps/inputs.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <istream>
#include <string_view>

#include "apps/exit_code.h"
#include "vision/picture_listing.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?[") != std::string_view::npos;
}

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_special(const std::string& path) {
  std::error_code ignored;
  return fs::is_other(fs::status(path, ignored));
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

}  // namespace

bool InputArguments::single() const {
  if (!files_from.empty() || operands.size() != 1) return false;
  return !is_directory(operands[0]) && (exists(operands[0]) || !is_pattern(operands[0]));
}

Inputs::Inputs(InputArguments arguments, std::istream& standard_input) : arguments_(std::move(arguments)) {
  if (arguments_.files_from.empty()) return;
  list_ = &standard_input;
  if (arguments_.files_from == "-") return;
  list_file_.open(arguments_.files_from, std::ios::binary);
  if (!list_file_ || is_directory(arguments_.files_from))
    fail_with(kUsage, arguments_.files_from, ": cannot be read; give --files-from a file of names, or '-'");
  list_ = &list_file_;
}

std::optional<Input> Inputs::next() {
  while (true) {
    std::optional<Input> found;
    if (levels_.empty()) {
      const bool from_list = next_operand_ >= arguments_.operands.size();
      const std::optional<std::string> operand = next_operand();
      if (!operand) return std::nullopt;
      found = open(*operand, !from_list);
    } else if (levels_.back().names.empty()) {
      found = close_level();
    } else {
      found = next_name(levels_.back());
    }
    if (found) return found;
  }
}

std::optional<std::string> Inputs::next_operand() {
  if (next_operand_ < arguments_.operands.size()) return arguments_.operands[next_operand_++];
  std::string name;
  while (list_ && std::getline(*list_, name, arguments_.nul_separated ? '\0' : '\n'))
    if (!name.empty()) return name;
  return std::nullopt;
}

std::optional<Input> Inputs::next_name(Level& level) {
  const std::string path = level.directory + level.names.back();
  level.names.pop_back();
  if (level.directory.empty()) return open(path, false);
  if (path.back() == '/') return open_directory(path);
  // Opened, it would wait for somebody to write into it.
  if (is_special(path)) return failed(path, "unreadable", "is a pipe or a device, not a file; take it out");
  return made(path);
}

// A directory that gave nothing at all is a mistake to report; one inside another is not.
std::optional<Input> Inputs::close_level() {
  const Level level = std::move(levels_.back());
  levels_.pop_back();
  const bool inner = !levels_.empty() && !levels_.back().directory.empty();
  if (level.directory.empty() || inner || count_ != level.count_before) return std::nullopt;
  return failed(level.given, "empty",
                arguments_.recursive ? "holds no picture; name a directory with pictures"
                                     : "holds no picture; add -r to look into its directories too");
}

std::optional<Input> Inputs::open(const std::string& path, bool may_be_pattern) {
  if (path.empty()) return failed(path, "not_found", "an empty name is no file; see how the names were made");
  if (path == "-") return made(may_be_pattern ? path : "./-");
  if (is_directory(path)) return open_directory(path);
  if (may_be_pattern && is_pattern(path) && !exists(path)) return open_pattern(path);
  return made(path);  // a file that is missing is found out, once, by who opens it
}

std::optional<Input> Inputs::open_directory(const std::string& path) {
  std::error_code error;
  fs::directory_iterator entry(path, error);
  Level level{path, path.back() == '/' ? path : path + "/", {}, count_};
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    const std::string name = entry->path().filename().native();
    if (!entry->is_directory(ignored)) {
      if (is_picture(name)) level.names.push_back(name);
    } else if (arguments_.recursive && !entry->is_symlink(ignored)) {
      level.names.push_back(name + "/");
    }
  }
  if (error) return failed(path, "unreadable", error.message() + "; see who may list this directory");
  std::sort(level.names.begin(), level.names.end(), std::greater<>());
  levels_.push_back(std::move(level));
  return std::nullopt;
}

std::optional<Input> Inputs::open_pattern(const std::string& pattern) {
  glob_t matches{};
  const int status = glob(pattern.c_str(), 0, nullptr, &matches);
  Level level{pattern, "", {}, count_};
  for (size_t i = matches.gl_pathc; i > 0; --i) level.names.emplace_back(matches.gl_pathv[i - 1]);
  globfree(&matches);
  if (status != 0 || level.names.empty())
    return failed(pattern, "not_found", "no file matches this pattern; see the directory and the spelling");
  levels_.push_back(std::move(level));
  return std::nullopt;
}

Input Inputs::made(std::string source) {
  return {count_++, std::move(source), std::nullopt};
}

Input Inputs::failed(const std::string& source, const char* code, const std::string& reason) {
  Input input = made(source);
  input.failure = Failure{code, source + ": " + reason};
  return input;
}

}  // namespace fovea
