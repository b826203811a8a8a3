#include "tests/support/golden.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include "attention/base/error.h"

namespace fovea {
namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

// Where a flat index lies: "[0, 3, 7]".
std::string place(const std::vector<int64_t>& shape, size_t flat) {
  std::vector<int64_t> index(shape.size());
  for (size_t axis = shape.size(); axis-- > 0; flat /= static_cast<size_t>(shape[axis])) {
    index[axis] = static_cast<int64_t>(flat % static_cast<size_t>(shape[axis]));
  }
  return shape_text(index);
}

GoldenTensor every(const GoldenTensor& whole, size_t step) {
  GoldenTensor sample{{}, whole.dtype, {}};
  for (size_t i = 0; i < whole.values.size(); i += step) sample.values.push_back(whole.values[i]);
  sample.shape = {static_cast<int64_t>(sample.values.size())};
  return sample;
}

// "name@everyN" -> {"name", N}; N is 1 without a suffix.
std::pair<std::string, size_t> split_sampling(const std::string& name) {
  const size_t at = name.find("@every");
  if (at == std::string::npos) return {name, 1};
  return {name.substr(0, at), std::stoul(name.substr(at + 6))};
}

}  // namespace

std::string GoldenCase::text(const std::string& key) const {
  const auto found = meta.find(key);
  return found != meta.end() && found->is_string() ? found->get<std::string>() : std::string();
}

GoldenTensors GoldenCase::inputs() const {
  return read_golden_tensors(folder / "input.safetensors");
}
GoldenTensors GoldenCase::expected() const {
  return read_golden_tensors(folder / "expected.safetensors");
}

GoldenTensors GoldenCase::parameters() const {
  const auto file = folder / "model.safetensors";
  return std::filesystem::exists(file) ? read_golden_tensors(file) : GoldenTensors();
}

GoldenCase load_golden(const std::filesystem::path& folder) {
  std::ifstream file(folder / "meta.json");
  if (!file) fail((folder / "meta.json").string(), ": cannot be read; is the golden case complete?");
  return {folder, nlohmann::json::parse(file)};
}

Tolerance golden_tolerance(const GoldenCase& golden, const std::string& output) {
  const auto& general = golden.meta.at("tolerance");
  Tolerance tolerance{general.at("atol"), general.at("rtol")};
  const auto each = golden.meta.value("tolerance_per_output", nlohmann::json::object());
  if (each.contains(output)) tolerance.atol = each.at(output);
  return tolerance;
}

std::string golden_difference(const std::string& name, const GoldenTensor& got, const GoldenTensor& expected,
                              Tolerance tolerance) {
  if (got.shape != expected.shape) {
    return name + " has shape " + shape_text(got.shape) + ", expected " + shape_text(expected.shape);
  }
  double worst = 0;  // the excess over the tolerance
  size_t at = 0, wrong = 0;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double want = expected.values[i], is = got.values[i];
    const double excess = std::abs(is - want) - (tolerance.atol + tolerance.rtol * std::abs(want));
    if (is == want || excess <= 0) continue;  // the first also for two infinities
    const double badness = std::isnan(excess) ? HUGE_VAL : excess;
    if (!wrong++ || badness > worst) worst = badness, at = i;
  }
  if (!wrong) return {};
  std::ostringstream line;
  line.precision(9);
  line << name << place(expected.shape, at) << " is " << got.values[at] << ", expected "
       << expected.values[at] << " (" << wrong << " of " << expected.values.size() << " differ by more than "
       << tolerance.atol;
  if (tolerance.rtol > 0) line << " + " << tolerance.rtol << " |expected|";
  line << ")";
  return line.str();
}

void expect_golden(const GoldenCase& golden, const GoldenTensors& got, const GoldenRules& rules) {
  const GoldenTensors expected = golden.expected();
  std::string all;
  int compared = 0;
  const auto compare = [&](const std::string& name, const GoldenTensor& want) {
    if (name.starts_with("cotangent") || rules.ignored.contains(name)) return;
    ++compared;
    const auto [key, step] = split_sampling(name);
    std::string line = name + " was not computed";
    if (const auto found = got.find(key); found != got.end()) {
      const Tolerance tolerance = rules.exact.contains(name) ? Tolerance() : golden_tolerance(golden, name);
      const GoldenTensor& is = found->second;
      line = golden_difference(name, step == 1 ? is : every(is, step), want, tolerance);
    }
    if (!line.empty()) all += (all.empty() ? "" : "; ") + line;
  };
  for (const auto& [name, want] : expected) compare(name, want);
  const auto aliases = golden.meta.value("aliases_of_stored_outputs", nlohmann::json::object());
  for (const auto& [alias, stored] : aliases.items()) compare(alias, expected.at(stored.get<std::string>()));
  if (!all.empty()) fail(all);
  if (!compared) fail("the case expects no output; is expected.safetensors complete?");
}

void expect_golden(const GoldenCase& golden, const std::map<std::string, Tensor>& got) {
  GoldenTensors converted;
  for (const auto& [name, tensor] : got) converted[name] = golden_tensor(tensor);
  expect_golden(golden, converted);
}

}  // namespace fovea
