#include "attention/checkpoint/shard_index.h"

#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "attention/base/error.h"
#include "attention/base/shown_name.h"
#include "attention/checkpoint/mapped_file.h"

namespace fovea {
namespace {

using nlohmann::json;

constexpr size_t kMaxBytes = 32 << 20;  // the largest models' indices have a few MiB
constexpr int kMaxDepth = 16;
constexpr char kAgain[] = "; download it again";

json parse_strictly(const std::string& file, std::span<const std::byte> bytes) {
  std::array<std::set<std::string>, kMaxDepth + 1> keys;  // of the open object at each depth
  const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& value) {
    const auto level = static_cast<size_t>(depth);
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) {
      if (depth >= kMaxDepth) fail(file, ": the JSON is nested more than ", kMaxDepth, " deep", kAgain);
      keys[level + 1].clear();
    } else if (event == json::parse_event_t::key && !keys[level].insert(value.get<std::string>()).second) {
      fail(file, ": ", shown_name(value.get<std::string>()), " stands twice in one object", kAgain);
    }
    return true;
  };
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  try {
    return json::parse(text, text + bytes.size(), watch);
  } catch (const json::parse_error& error) {
    fail(file, ": not valid JSON at byte ", error.byte, kAgain);
  } catch (const json::exception&) {  // a number beyond all range
    fail(file, ": not valid JSON", kAgain);
  }
}

bool plain_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string("/\\\0", 3)) == name.npos;
}

}  // namespace

std::map<std::string, std::string> read_shard_index(const std::filesystem::path& path) {
  const MappedFile mapped(path);
  if (mapped.bytes().size() > kMaxBytes)
    fail(path.string(), ": ", mapped.bytes().size(), " bytes are too many for an index", kAgain);
  const json index = parse_strictly(path.string(), mapped.bytes());
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object() ||
      index["weight_map"].empty())
    fail(path.string(), ": there is no weight_map that says which file holds which tensor", kAgain);
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    if (!file.is_string())
      fail(path.string(), ": the weight_map gives no file name for tensor ", shown_name(tensor), kAgain);
    const auto name = file.get<std::string>();
    if (!plain_file_name(name))
      fail(path.string(), ": tensor ", shown_name(tensor), " is said to be in ", shown_name(name),
           ", which is not a plain file name; do not trust this checkpoint, download it again");
    shards[tensor] = name;
  }
  return shards;
}

}  // namespace fovea
