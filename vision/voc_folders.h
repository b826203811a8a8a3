#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

// Where a VOC data set keeps its files: one such for the whole set, or one for each split, train first.
struct VocFolder {
  std::filesystem::path root;  // of the set
  std::string split;           // empty: lists say which files are of one
  std::string annotations;     // below root: "Annotations", "train", "."
  std::string pictures;        // below root: "JPEGImages", "train", "."
};

// The folder itself, its folders train, val, valid and test with XML files of their own, or the only folder
// in it that is a data set. None: there is no XML file in any of them.
std::vector<VocFolder> voc_folders(const std::filesystem::path& path);
// Whether XML files are in its folder "Annotations" or "annotations".
bool has_annotations_folder(const std::filesystem::path& path);

std::filesystem::path voc_list(const VocFolder& folder, const std::string& split);  // its pictures' names
std::vector<std::string> voc_splits(const std::vector<VocFolder>& folders);

}  // namespace fovea
