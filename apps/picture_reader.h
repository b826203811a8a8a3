#pragma once
#include <iosfwd>

#include "apps/image_stream.h"
#include "vision/recipe.h"

namespace fovea {

// Opens, decodes and preprocesses a picture; "-" is read from `standard_input`. What is wrong with the
// picture becomes its result's failure.
PreparedImage read_picture(Input input, const Recipe& recipe, std::istream& standard_input);

}  // namespace fovea
