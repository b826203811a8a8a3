#pragma once
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include "apps/category_ids.h"
#include "apps/detection_text.h"

namespace fovea {

// Writes COCO's list of results, one object a line. A picture's id is the data set's, or else its place among
// those that could be read, from 1; then a file beside the results says which is which, as a COCO data set
// without annotations.
class CocoOutput {
 public:
  struct Options {
    std::string folder;  // for detections.json and images.json; empty: the former goes to `out`,
    bool force = false;  // and the latter to the working directory; whether over what is there
    const PictureIds* ids = nullptr;
  };
  CocoOutput(std::ostream& out, const Options& options, DetectionWords words);
  ~CocoOutput();  // files that are not finished are thrown away

  void write(const Result& result);  // leaves out what failed, and a picture that the data set does not have
  void finish();

 private:
  struct File;
  void put(const std::string& text);
  void describe(const Result& result, int64_t id);

  std::ostream& out_;
  const PictureIds* ids_;
  DetectionWords words_;
  std::unique_ptr<File> results_, images_;
  int64_t pictures_ = 0;
  bool begun_ = false;
};

}  // namespace fovea
