#pragma once
#include <functional>
#include <iosfwd>
#include <string>

#include "apps/result.h"
#include "models/pipelines/image_model.h"

namespace fovea {

enum class Format { kText, kJson, kNdjson, kCsv, kCoco, kYolo, kVoc };  // the last three: of detections

// What is a verb's own in its output.
struct Presentation {
  std::string task;                                // "classify"
  std::string model_task;                          // Hugging Face's word for it: "image-classification"
  std::function<std::string(const Result&)> text;  // lines below the picture's own
  std::function<std::string(const Result&)> json;  // members of the record: "\"labels\":[]"
  std::function<std::string(const Result&)> csv;   // rows
  std::string csv_header;
};

// What happens to a video in CSV whose header, written by then, has no columns for frames.
Failure frames_without_columns(const std::string& source);

// Writes results one by one, as text, JSON or CSV; holds none. Text and CSV have no place for a failure, so
// it is left out there.
class ResultWriter {
 public:
  struct Options {
    Format format = Format::kText;
    bool single = false;    // JSON: one object, not an array of them
    bool buffered = false;  // do not flush after each result
  };
  ResultWriter(std::ostream& out, Options options, const ModelInfo& model, Presentation presentation);
  void write(const Result& result);
  void finish();  // the end of the JSON array

 private:
  std::string record(const Result& result) const;
  std::string json_record(const Result& result) const;

  std::ostream& out_;
  Options options_;
  Presentation presentation_;
  std::string model_id_, model_json_;
  bool begun_ = false;
};

}  // namespace fovea
