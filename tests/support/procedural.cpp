#include "tests/support/procedural.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <vector>

#include "attention/base/error.h"
#include "attention/base/rng.h"

namespace fovea {
namespace {

uint64_t fnv1a(const std::string& text) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

template <class Number>
Number parse(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail("manifest: '", text, "' is not a number");
  return value;
}

}  // namespace

std::map<std::string, Tensor> procedural_tensors(const std::filesystem::path& manifest,
                                                 const std::string& file) {
  std::ifstream lines(manifest);
  if (!lines) fail(manifest.string(), ": cannot be read; is the golden case complete?");
  std::map<std::string, Tensor> tensors;
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields.size() != 6) fail(manifest.string(), ": '", line, "' does not have 6 fields");
    if (fields[0] != file) continue;
    std::vector<int64_t> sizes;
    for (const std::string& size : split(fields[2], ',')) sizes.push_back(parse<int64_t>(size));
    Tensor tensor = Tensor::full(Shape(std::span<const int64_t>(sizes)), 0);
    const double offset = parse<double>(fields[4]), scale = parse<double>(fields[5]);
    Rng rng(fnv1a(fields[1]));
    for (int64_t i = 0; fields[3] != "I64" && i < tensor.count(); ++i) {
      const double u = static_cast<double>(rng.next() >> 40) * 0x1p-24;
      tensor.mutable_data()[i] = static_cast<float>(offset + scale * (2 * u - 1));
    }
    tensors[fields[1]] = tensor;
  }
  return tensors;
}

}  // namespace fovea
