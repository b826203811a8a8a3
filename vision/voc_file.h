#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "vision/annotation_draft.h"

namespace fovea {

struct VocObject {
  std::string name;
  Box box = {};  // as the file says
  bool difficult = false;
};

struct VocPicture {
  std::string stem, file;    // "BloodImage_00001", and what the XML calls the picture
  std::string folder = ".";  // of the picture, below AnnotatedPictures::images
  int64_t width = 0, height = 0;
  std::vector<VocObject> objects;
};

// One XML file. False, and told: it cannot be used. Objects without a name or a box are told and left out.
bool read_voc_file(const std::filesystem::path& file, const std::string& place, VocPicture& picture,
                   AnnotationProblems& problems);

}  // namespace fovea
