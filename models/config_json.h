#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

// A config.json with the checks that a file from a stranger needs. Every failure names the file and the key.
class ConfigJson {
 public:
  ConfigJson(const std::string& file, const std::string& text);

  const std::string& file() const { return file_; }
  const nlohmann::json& json() const { return json_; }
  bool has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }
  ConfigJson at(const char* key) const;                                    // an object; empty if absent
  int64_t size(const char* key, int64_t absent, int64_t least = 1) const;  // at most 2^20
  std::vector<int64_t> sizes(const char* key, const std::vector<int64_t>& absent) const;  // 1 to 16 of them
  double number(const char* key, double absent) const;
  float share(const char* key, double absent) const;  // 0 up to below 1, such as of dropout
  bool flag(const char* key, bool absent) const;
  std::string text(const char* key, const std::string& absent = "") const;
  // One size for both sides, or [height, width].
  std::pair<int64_t, int64_t> sides(const char* key, int64_t absent) const;

  [[noreturn]] void refuse(const std::string& key, const std::string& why) const;

 private:
  ConfigJson(const std::string& file, nlohmann::json json) : file_(file), json_(std::move(json)) {}
  int64_t checked_size(const char* key, const nlohmann::json& value, int64_t least) const;
  std::string file_;
  nlohmann::json json_;
};

}  // namespace fovea
