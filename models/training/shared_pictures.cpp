#include "models/training/shared_pictures.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

namespace fovea {
namespace {

namespace fs = std::filesystem;

// The paths of pictures as they are without links to folders.
class FilePlaces {
 public:
  std::string of(const AnnotatedPictures& set, const AnnotatedPicture& picture) {
    const fs::path path = set.images / picture.file;
    const auto [known, fresh] = folders_.try_emplace(path.parent_path().string());
    if (fresh) {
      std::error_code error;
      known->second = fs::weakly_canonical(fs::absolute(path, error).parent_path(), error);
    }
    return (known->second / path.filename()).string();
  }

 private:
  std::unordered_map<std::string, fs::path> folders_;
};

}  // namespace

std::vector<bool> shared_pictures(const AnnotatedPictures& some, const AnnotatedPictures& others) {
  FilePlaces places;
  std::unordered_set<std::string> files;
  for (const AnnotatedPicture& picture : others.pictures) files.insert(places.of(others, picture));
  std::vector<bool> shared;
  for (const AnnotatedPicture& picture : some.pictures)
    shared.push_back(files.contains(places.of(some, picture)));
  return shared;
}

}  // namespace fovea
