#pragma once
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "models/training/evaluation.h"

namespace fovea {

// How a classifier did, and on what.
struct EvaluationReport {
  std::string model, data, split;
  std::vector<std::string> labels;  // the model's
  Evaluation result;
  double seconds;
  int threads;
  std::string isa;
};

void write_text(const EvaluationReport& report, std::ostream& out);
void write_json(const EvaluationReport& report, std::ostream& out);

// Before the work: makes the folder; fails unless a confusion matrix can be written into it. Nothing that is
// there is written over unless `force`.
void claim_confusion(const std::string& folder, bool force);
// confusion.csv and confusion.png: a row for each class that has pictures, a column for each class that
// appears in either.
void save_confusion(const EvaluationReport& report, const std::filesystem::path& folder);

}  // namespace fovea
