#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace fovea {

// Values as text in the output formats; no locale changes them.

std::string json_string(std::string_view text);  // quoted; bytes that are not UTF-8 become U+FFFD
std::string json_number(double value);           // shortest that reads back the same; not finite: null
std::string json_number(float value);
std::string csv_field(std::string_view text);  // quoted where RFC 4180 asks for it
std::string grouped(int64_t count);            // 5 717 416

}  // namespace fovea
