#pragma once
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace fovea {

// FNV-1a of a list of texts.
class Fingerprint {
 public:
  void add(const std::string& text) {
    for (const char c : text) byte(static_cast<unsigned char>(c));
    byte(0);
  }
  void step() { byte(1); }  // a new list begins
  uint64_t value() const { return value_; }
  std::string text() const {
    std::array<char, 16> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value_, 16).ptr};
  }

 private:
  void byte(unsigned char next) { value_ = (value_ ^ next) * 0x100000001B3u; }
  uint64_t value_ = 0xCBF29CE484222325u;
};

}  // namespace fovea
