#pragma once
#include <string>

namespace fovea {

constexpr const char* kEmbeddedClassifier = "foveanet-cifar10";
constexpr const char* kEmbeddedDetector = "bccd-deformable";

// The folder of a model that comes with Fovea: beside the installed program (../share/fovea/models), or in
// the source tree that the program was built in. Empty if it is in neither.
std::string embedded_model(const std::string& name);

// What -m means: a path that is there, or the name of a model that comes with Fovea; else as it was given.
std::string model_path(const std::string& given);

}  // namespace fovea
