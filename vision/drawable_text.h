#pragma once
#include <string>

namespace fovea {

// UTF-8 text in the characters that OpenCV's fonts have, which are ASCII: Latin letters lose their marks,
// and anything else is one '?'.
std::string drawable_text(const std::string& text);

// A class's name as it can be drawn; `otherwise` where more of it is lost than is left, as of Chinese.
std::string drawable_name(const std::string& name, const std::string& otherwise);

}  // namespace fovea
