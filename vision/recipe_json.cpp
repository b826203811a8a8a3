#include "vision/recipe_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "attention/base/error.h"

namespace fovea {
namespace {

constexpr size_t kMostBytes = 4 << 20;
constexpr int kMostDepth = 32;
constexpr int64_t kLongestSide = 8192;

nlohmann::json parsed(std::string_view text, const char* file) {
  if (text.size() > kMostBytes)
    fail(file, ": ", text.size(), " bytes are too many for a config; use the file of the checkpoint");
  const auto shallow = [file](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kMostDepth)
      fail(file, ": nested deeper than ", kMostDepth, "; use the file of the checkpoint");
    return true;
  };
  nlohmann::json object;
  try {
    object = nlohmann::json::parse(text, shallow);
  } catch (const nlohmann::json::exception&) {
    fail(file, ": not valid JSON; download the file again");
  }
  if (!object.is_object()) fail(file, ": not a JSON object; use the file of the checkpoint");
  return object;
}

bool is_side(const nlohmann::json& value) {
  return value.is_number_integer() && value.get<double>() >= 1 && value.get<double>() <= kLongestSide;
}
constexpr const char* kNoSide = "is not a length from 1 to 8192 pixels";

}  // namespace

struct RecipeJson::Object {
  nlohmann::json json;
};

RecipeJson::RecipeJson(std::string_view text, const char* file)
    : object_(std::make_shared<const Object>(Object{parsed(text, file)})), file_(file) {}

bool RecipeJson::has(const char* key) const {
  const auto found = object_->json.find(key);
  return found != object_->json.end() && !found->is_null();
}

std::optional<RecipeJson> RecipeJson::part(const char* key) const {
  if (!has(key) || !object_->json.at(key).is_object()) return std::nullopt;
  return RecipeJson(std::make_shared<const Object>(Object{object_->json.at(key)}), file_, key);
}

void RecipeJson::reject(const char* key, const char* reason) const {
  fail(file_, ": \"", part_.empty() ? key : part_, "\" ", reason, "; correct it or use another checkpoint");
}

bool RecipeJson::flag(const char* key, bool otherwise) const {
  if (!has(key)) return otherwise;
  if (!object_->json.at(key).is_boolean()) reject(key, "is not true or false");
  return object_->json.at(key).get<bool>();
}

double RecipeJson::number(const char* key, double otherwise) const {
  if (!has(key)) return otherwise;
  if (!object_->json.at(key).is_number()) reject(key, "is not a number");
  return object_->json.at(key).get<double>();
}

std::string RecipeJson::text(const char* key, const char* otherwise) const {
  if (!has(key)) return otherwise;
  if (!object_->json.at(key).is_string()) reject(key, "is not a string");
  return object_->json.at(key).get<std::string>();
}

std::array<double, 3> RecipeJson::triple(const char* key, std::array<double, 3> otherwise) const {
  if (!has(key)) return otherwise;
  const nlohmann::json& list = object_->json.at(key);
  if (list.is_number()) return {list.get<double>(), list.get<double>(), list.get<double>()};
  if (!list.is_array() || list.size() != 3)
    reject(key, "is neither a number nor a list of three (for red, green and blue)");
  for (size_t i = 0; i < 3; ++i) {
    if (!list[i].is_number())
      reject(key, "is neither a number nor a list of three (for red, green and blue)");
    otherwise[i] = list[i].get<double>();
  }
  return otherwise;
}

int64_t RecipeJson::side(const char* key) const {
  if (!has(key) || !is_side(object_->json.at(key))) reject(key, kNoSide);
  return object_->json.at(key).get<int64_t>();
}

std::vector<int64_t> RecipeJson::sides(const char* key) const {
  std::vector<int64_t> sides;
  if (!has(key) || !object_->json.at(key).is_array()) return sides;
  for (const nlohmann::json& value : object_->json.at(key)) {
    if (!is_side(value)) reject(key, kNoSide);
    sides.push_back(value.get<int64_t>());
  }
  return sides;
}

void RecipeJson::read_values(Recipe& recipe) const {
  const double resample = number("resample", static_cast<double>(recipe.filter));
  if (!(resample >= 0 && resample <= 5) || resample != static_cast<int>(resample))
    reject("resample", "is none of Pillow's filters, 0 to 5");
  recipe.filter = static_cast<Filter>(static_cast<int>(resample));
  recipe.rescale = flag("do_rescale", true) ? number("rescale_factor", 1.0 / 255) : 1;
  recipe.normalise = flag("do_normalize", recipe.normalise);
  recipe.mean = triple("image_mean", recipe.mean);
  recipe.stddev = triple("image_std", recipe.stddev);
}

void check_recipe(const Recipe& r, const char* file) {
  const auto sane = [](int64_t side) { return side >= 1 && side <= kLongestSide; };
  if (!sane(r.resize_height) || !sane(r.resize_width) || !sane(r.crop_height) || !sane(r.crop_width))
    fail(file, ": a side of ", r.resize_height, " x ", r.resize_width, " or its crop is not 1 to ",
         kLongestSide, " pixels; correct the sizes");
  if (!std::isfinite(r.rescale)) fail(file, ": the rescale factor is not finite; correct it");
  for (size_t c = 0; c < 3; ++c)
    if (!std::isfinite(r.mean[c]) || !std::isfinite(r.stddev[c]) || static_cast<float>(r.stddev[c]) == 0)
      fail(file, ": mean ", r.mean[c], " and standard deviation ", r.stddev[c],
           " cannot normalise; the latter must not be 0");
}

}  // namespace fovea
