#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fovea {

std::string base64(std::span<const uint8_t> bytes);
std::vector<uint8_t> deflated(std::span<const uint8_t> bytes);  // RFC 1951, without a header

// JSON that may stand in an HTML <script>: no text in it can end the element or open a comment.
std::string for_script(std::string json);

// `page` with each {{name}} replaced. What is put in is not looked at again.
std::string filled(std::string_view page,
                   std::span<const std::pair<std::string_view, std::string_view>> parts);

}  // namespace fovea
