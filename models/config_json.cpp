#include "models/config_json.h"

#include <stdexcept>

#include "attention/base/error.h"

namespace fovea {

ConfigJson::ConfigJson(const std::string& file, const std::string& text) : file_(file) {
  constexpr int kDeepest = 32;
  const auto limit_depth = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kDeepest) throw std::length_error("nested too deeply");
    return true;
  };
  try {
    json_ = nlohmann::json::parse(text, limit_depth);
  } catch (const std::exception&) {
    fail(file, ": not valid JSON; download it again");
  }
  if (!json_.is_object()) fail(file, ": not a JSON object; download it again");
}

void ConfigJson::refuse(const std::string& key, const std::string& why) const {
  fail(file_, ": \"", key, "\" ", why, "; check the file against its original");
}

ConfigJson ConfigJson::at(const char* key) const {
  if (!has(key)) return {file_, nlohmann::json::object()};
  if (!json_[key].is_object()) refuse(key, "is not an object");
  return {file_, json_[key]};
}

int64_t ConfigJson::checked_size(const char* key, const nlohmann::json& value, int64_t least) const {
  constexpr int64_t kMost = int64_t{1} << 20;
  if (!value.is_number_integer()) refuse(key, "is not a whole number");
  const auto size = value.get<int64_t>();
  if (size < least || size > kMost) refuse(key, "is " + value.dump() + ", out of range");
  return size;
}

int64_t ConfigJson::size(const char* key, int64_t absent, int64_t least) const {
  return has(key) ? checked_size(key, json_[key], least) : absent;
}

std::vector<int64_t> ConfigJson::sizes(const char* key, const std::vector<int64_t>& absent) const {
  constexpr size_t kMost = 16;
  if (!has(key)) return absent;
  const nlohmann::json& list = json_[key];
  if (!list.is_array() || list.empty() || list.size() > kMost)
    refuse(key, "is not a list of 1 to " + std::to_string(kMost) + " sizes");
  std::vector<int64_t> sizes;
  for (const nlohmann::json& value : list) sizes.push_back(checked_size(key, value, 1));
  return sizes;
}

double ConfigJson::number(const char* key, double absent) const {
  if (!has(key)) return absent;
  if (!json_[key].is_number()) refuse(key, "is not a number");
  return json_[key].get<double>();
}

float ConfigJson::share(const char* key, double absent) const {
  const auto share = static_cast<float>(number(key, absent));
  if (!(share >= 0 && share < 1)) refuse(key, "is " + json_[key].dump() + ", not a share from 0 to below 1");
  return share;
}

bool ConfigJson::flag(const char* key, bool absent) const {
  if (!has(key)) return absent;
  if (!json_[key].is_boolean()) refuse(key, "is neither true nor false");
  return json_[key].get<bool>();
}

std::string ConfigJson::text(const char* key, const std::string& absent) const {
  if (!has(key)) return absent;
  if (!json_[key].is_string()) refuse(key, "is not a string");
  return json_[key].get<std::string>();
}

std::pair<int64_t, int64_t> ConfigJson::sides(const char* key, int64_t absent) const {
  if (!has(key)) return {absent, absent};
  const nlohmann::json& value = json_[key];
  if (!value.is_array()) return {checked_size(key, value, 1), checked_size(key, value, 1)};
  if (value.size() != 2) refuse(key, "is not one size or [height, width]");
  return {checked_size(key, value[0], 1), checked_size(key, value[1], 1)};
}

}  // namespace fovea
