#pragma once
#include <string_view>

namespace fovea::page_parts {

// The text of attention_page.{html,css,js}; built in, so that a program needs no files beside it.
extern const std::string_view kHtml, kStyle, kScript;

}  // namespace fovea::page_parts
