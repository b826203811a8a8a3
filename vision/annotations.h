#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "vision/detections.h"
#include "vision/picture_failure.h"

namespace fovea {

struct Category {
  int64_t
      id;  // the data set's: COCO's 1 ... 90, a VOC class's place in alphabetical order from 1, YOLO's from 0
  std::string name;
};

struct Annotation {
  Box box;
  int64_t category = 0;    // index into AnnotatedPictures::categories
  double area = 0;         // the file's, or the box's
  bool crowd = false;      // a region of many: not to be learnt, and no miss
  bool difficult = false;  // VOC's
  int64_t id = 0;
  std::array<double, 4> bbox{};  // a COCO file's own {x, y, width, height}, unclipped, for evaluation; or 0s
};

struct AnnotatedPicture {
  int64_t id = 0;
  std::string file;               // below AnnotatedPictures::images
  int64_t width = 0, height = 0;  // upright, as boxes count; 0 if the file does not say
  std::vector<Annotation> objects;
};

// What is wrong in a data set, and was left out or repaired.
struct AnnotationProblem {
  enum class Kind { kSkipped, kRepaired, kNoted } kind;
  std::string code;         // "bad_box", "id_zero", "duplicate_id", "unknown_category", "missing_picture",
                            // "swapped_size", ...
  std::string message;      // one line: file, place, reason
  int64_t count = 1;        // of a code the first 1000 are told one by one, the rest together
  bool of_picture = false;  // a whole picture is left out for it
};

// Pictures with the boxes of what they show.
struct AnnotatedPictures {
  std::filesystem::path images;       // folder of the pictures
  std::string format;                 // "coco", "voc" or "yolo"
  std::vector<std::string> splits;    // that the data set has; none if it is one set
  std::vector<Category> categories;   // by ascending id, each name once
  std::map<int64_t, int64_t> merged;  // a category's id that had the name of another -> index of that one
  std::vector<AnnotatedPicture> pictures;
  std::vector<AnnotationProblem> problems;
  std::vector<PictureFailure> left_out;  // pictures that the data name, and that cannot be used: every one
};

// How far the pictures themselves are looked at. A picture that is missing or damaged is left out.
enum class PictureCheck {
  kNone,     // not at all, but where the file does not say a size
  kHeader,   // its size and orientation, which decide how boxes count
  kWhole,    // also whether the file is complete
  kDecoded,  // also its pixels
};

struct AnnotationSource {
  std::filesystem::path path;         // the data set's folder, COCO's JSON file or YOLO's data.yaml
  std::filesystem::path images = {};  // what their names are below, if not where the format puts them
  std::string split = {};             // one of splits; empty: all of it, or "train" if there is one
  bool clip = true;  // boxes to their picture; false: as the file says, also empty ones, for evaluation
  PictureCheck check = PictureCheck::kHeader;
  bool boxes = true;  // false: pictures and categories will do, as COCO's test sets have them
};
// Recognises the format. Bad entries are left out and told in `problems`; fails, in one line, if the whole
// cannot be used.
AnnotatedPictures read_annotations(const AnnotationSource& source);
// The splits that a data set has, without reading any of them; none if it is one set. Fails if its
// description cannot be read.
std::vector<std::string> annotation_splits(const std::filesystem::path& path);
// One line for the entries that were left out or repaired, but not of whole pictures; empty if there are
// none.
std::string repaired_entries(const AnnotatedPictures& data);
// "coco", "voc" or "yolo"; empty if the path is none of them.
std::string annotation_format(const std::filesystem::path& path);

}  // namespace fovea
