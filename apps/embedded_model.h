#pragma once
#include <string>

namespace fovea {

constexpr const char* kEmbeddedClassifier = "foveanet-cifar10";
constexpr const char* kEmbeddedDetector = "bccd-deformable";

// The folder of a model that comes with Fovea: beside the program (../share/fovea/models), where a build has
// a link to the source tree's. Empty if it is not there.
std::string embedded_model(const std::string& name);

// What -m means: a path that is there, or the name of a model that comes with Fovea; else as it was given.
std::string model_path(const std::string& given);
// The same, where only a model will do: a name that is nearly that of a model that comes with Fovea is a
// kModelUnusable error that says so.
std::string existing_model(const std::string& given);

}  // namespace fovea
