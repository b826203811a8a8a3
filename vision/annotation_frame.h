#pragma once
#include "vision/annotation_draft.h"
#include "vision/picture_look.h"

namespace fovea {

// Settles in which frame a picture's boxes count: gives it the size at which it is shown, and brings its
// boxes there. A file that says another size than the picture has is believed as far as its boxes fit. False,
// and told: the boxes cannot be brought there, and the picture, of this path, is left out.
bool settle_frame(AnnotatedPicture& picture, const PictureLook& look, const std::filesystem::path& path,
                  const std::string& place, AnnotationProblems& problems);

}  // namespace fovea
