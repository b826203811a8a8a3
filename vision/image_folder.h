#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vision/tar_pictures.h"

namespace fovea {

struct Picture {
  std::string name;  // below the folder of classes: "cat/0001.jpg"
  int label;
};

// Pictures in one folder per class, in a folder or in a tar archive of one; classes and pictures in the order
// of torchvision's ImageFolder. A single top folder is looked through. Where there is a folder `train` and
// one of `test`, `val`, `valid` and `validation` (or `Train`, `testing` and the like, under the same names),
// these are splits and the classes are below them.
// Immutable; copies share what they read.
class ImageFolder {
 public:
  // `split`: one of splits(); empty: `train` if there are splits. Fails if there is no class, or one without
  // pictures.
  static ImageFolder open(const std::filesystem::path& path, const std::string& split = "");

  const std::vector<std::string>& splits() const { return splits_; }  // none: all the pictures are one set
  const std::string& split() const { return split_; }
  const std::vector<std::string>& classes() const { return classes_; }
  int64_t size() const { return static_cast<int64_t>(pictures_.size()); }
  const Picture& picture(int64_t i) const { return pictures_.at(static_cast<size_t>(i)); }
  std::vector<uint8_t> bytes(int64_t i) const;  // the encoded picture; from any thread
  std::string location(int64_t i) const;        // for messages: "data/train/cat/1.jpg", "data.tar:cat/1.jpg"

  // What is in the folders of classes and nobody reads: "cat/1.gif", which is no picture by its name, or a
  // link to nothing.
  const std::vector<std::string>& others() const { return others_; }

  // The same pictures with the labels of a model that knows these classes, by name. Fails if a class of the
  // data is not among them; not all of them need have pictures.
  ImageFolder with_classes(std::span<const std::string> classes) const;

 private:
  void choose_classes(const PictureListing& listing);
  void take_pictures(const PictureListing& listing);
  [[noreturn]] void fail_without_pictures(const std::string& name) const;

  std::filesystem::path path_;
  std::shared_ptr<const TarPictures> archive_;  // none: path_ is a folder
  std::string prefix_;                          // from path_ to the folder of classes: "top/train/" or ""
  std::vector<std::string> splits_, classes_, others_;
  std::string split_;
  std::vector<Picture> pictures_;
  std::vector<int64_t> members_;  // of the archive
};

}  // namespace fovea
