#pragma once
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

namespace fovea {

struct SourceFile {
  std::string path, folder;  // both from the repository's root: "vision/decode.h" and "vision"
  std::vector<std::string> lines;
  bool is_header() const { return path.ends_with(".h"); }
  bool is_inline_part() const { return path.ends_with("-inl.h"); }  // kernels include them; nobody else can
};

// Every .h and .cpp below these folders of the repository.
inline std::vector<SourceFile> source_files(std::initializer_list<const char*> folders) {
  namespace fs = std::filesystem;
  const fs::path root = FOVEA_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const char* folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".h" && entry.path().extension() != ".cpp") continue;
      const fs::path path = entry.path().lexically_relative(root);
      SourceFile file{path.string(), path.parent_path().string(), {}};
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  return files;
}

}  // namespace fovea
