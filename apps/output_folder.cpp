#include "apps/output_folder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "apps/exit_code.h"

namespace fovea {

namespace fs = std::filesystem;

OutputFolder::OutputFolder(const std::string& option, std::string folder, bool force)
    : folder_(std::move(folder)), force_(force) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (!fs::is_directory(folder_)) {
    if (!error) error = std::make_error_code(std::errc::not_a_directory);
    fail_with(kUsage, option, ": ", folder_, " cannot be made (", error.message(),
              "); choose another folder");
  }
  if (access(folder_.c_str(), W_OK | X_OK) != 0)
    fail_with(kUsage, option, ": ", folder_, " cannot be written into (",
              std::generic_category().message(errno), "); choose another folder");
}

std::string OutputFolder::claim(const std::string& stem, const std::string& extension) {
  std::string name = stem + extension;
  int& last = last_.try_emplace(name, 1).first->second;
  while (!claimed_.insert(name).second) name = stem + "-" + std::to_string(++last) + extension;
  return (fs::path(folder_) / name).string();
}

std::optional<Failure> OutputFolder::objection(const std::string& path, const std::string& source) const {
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(path, ignored))) return std::nullopt;
  if (fs::equivalent(path, source, ignored))
    return Failure{"exists", source + ": its result would take its own place; choose another folder"};
  if (force_) return std::nullopt;
  return Failure{"exists", source + ": " + path + " is there already; choose another folder, or add --force"};
}

void claim_files(const std::string& option, const std::string& folder, const std::vector<std::string>& names,
                 bool force) {
  OutputFolder(option, folder, force);
  for (const std::string& name : names) {
    const fs::path path = fs::path(folder) / name;
    std::error_code ignored;
    if (!force && fs::exists(fs::symlink_status(path, ignored)))
      fail_with(kUsage, option, ": ", path.string(),
                " is there already; choose another folder, or add --force");
  }
}

std::string stem_of(const std::string& source) {
  if (source == "-") return "stdin";
  const std::string stem = fs::path(source).stem().string();
  return stem.empty() ? "picture" : stem;
}

std::string extension_of(const std::string& source) {
  std::string extension = fs::path(source).extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

std::string unfinished(const std::string& path) {
  const fs::path whole(path);
  return (whole.parent_path() /
          fmt::format(".{}.{}{}", whole.stem().string(), getpid(), whole.extension().string()))
      .string();
}

void put_in_place(const std::string& temporary, const std::string& path) {
  std::error_code error;
  fs::rename(temporary, path, error);
  if (error) fail(path, ": cannot write it (", error.message(), "); choose another folder");
}

}  // namespace fovea
