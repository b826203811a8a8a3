#pragma once
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "vision/annotations.h"

namespace fovea {

// What is wrong in a data set, as it is found: one line each, and a count of what is too much to tell.
class AnnotationProblems {
 public:
  using Kind = AnnotationProblem::Kind;
  // skipped("bad_box", place, ": the box is ", width, " wide")
  template <class... Parts>
  void skipped(const char* code, const Parts&... parts) {
    add(Kind::kSkipped, code, text_of(parts...));
  }
  // A whole picture, of this path.
  template <class... Parts>
  void left_out(const char* code, const std::filesystem::path& picture, const Parts&... parts) {
    left_out_.push_back({picture.string(), text_of(parts...)});
    add(Kind::kSkipped, code, left_out_.back().reason, true);
  }
  template <class... Parts>
  void repaired(const char* code, const Parts&... parts) {
    add(Kind::kRepaired, code, text_of(parts...));
  }
  template <class... Parts>
  void noted(const char* code, const Parts&... parts) {
    add(Kind::kNoted, code, text_of(parts...));
  }
  const std::vector<AnnotationProblem>& told() const { return told_; }
  std::vector<AnnotationProblem> all() const;  // in the order found, then what was not told
  const std::vector<PictureFailure>& pictures_left_out() const { return left_out_; }

 private:
  static constexpr int64_t kMostTold = 1000;
  template <class... Parts>
  static std::string text_of(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    return text.str();
  }
  void add(Kind kind, const char* code, std::string text, bool of_picture = false);

  std::vector<AnnotationProblem> told_;
  std::map<std::tuple<std::string, Kind, bool>, int64_t> counts_;
  std::vector<PictureFailure> left_out_;
};

// A data set as its files say it, before it is held against its pictures.
struct AnnotationDraft {
  AnnotatedPictures set;            // boxes not clipped; its problems are not filled in
  std::vector<std::string> places;  // for each picture, what messages call it
  bool fractions = false;           // boxes are shares of the picture, not pixels
  AnnotationProblems problems;
};

// Looks at the pictures, settles in which frame boxes count, clips them, and leaves out what cannot be used.
AnnotatedPictures finished(AnnotationDraft draft, const AnnotationSource& source);

// One format each; the path has been seen to be of it.
AnnotatedPictures read_coco_annotations(const AnnotationSource& source);
AnnotatedPictures read_voc_annotations(const AnnotationSource& source);
AnnotatedPictures read_yolo_annotations(const AnnotationSource& source);

// The data.yaml of a YOLO data set; the path itself if it has images/ and labels/ but no such file; or empty.
std::filesystem::path yolo_description(const std::filesystem::path& path);

// What source.split asks for; without a wish "train" if there is one, else empty. Fails if there is no such.
std::string chosen_split(const AnnotationSource& source, const std::vector<std::string>& splits);
std::string listed(const std::vector<std::string>& names);  // "train, val"
// A picture's name from a file: below the folder of pictures, and not out of it.
bool is_plain_name(const std::string& name);
// The name, or with '/' for the '\' of another system if there is no such file in `folder`.
std::string name_below(const std::filesystem::path& folder, const std::string& name);
bool is_utf8(const std::string& text);
// A text file, and its lines without blanks at their ends and without empty ones. Fails if it cannot be read,
// or has more than `most` bytes.
struct AnnotationLine {
  int64_t number;  // from 1, counting the empty ones
  std::string text;
};
std::string annotation_text(const std::filesystem::path& file, int64_t most);
std::vector<AnnotationLine> annotation_lines(const std::filesystem::path& file, int64_t most);

}  // namespace fovea
