#pragma once
#include "apps/data_report.h"

namespace fovea {

// Reads a data set, all its splits or the one that `source` names. Fails if nothing of it can be used.
DataReport survey_annotations(const AnnotationSource& source);
DataReport survey_folders(const AnnotationSource& source);  // of classes, or a tar of them

}  // namespace fovea
