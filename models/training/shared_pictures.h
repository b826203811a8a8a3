#pragma once
#include <cstddef>
#include <vector>

#include "vision/annotations.h"

namespace fovea {

// For each of `some`, whether its file is one of `others`' too, whatever folder or link both are named by.
std::vector<bool> shared_pictures(const AnnotatedPictures& some, const AnnotatedPictures& others);

}  // namespace fovea
