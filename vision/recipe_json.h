#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vision/recipe.h"

namespace fovea {

inline constexpr const char* kTransformersFile = "preprocessor_config.json";

// Checked reads of a preprocessing config. `file` is its name in messages.
class RecipeJson {
 public:
  RecipeJson(std::string_view text, const char* file);  // an object, of reasonable size and depth

  bool has(const char* key) const;                        // present and not null
  std::optional<RecipeJson> part(const char* key) const;  // an object; complaints about it name its key
  bool flag(const char* key, bool otherwise) const;
  double number(const char* key, double otherwise) const;
  std::string text(const char* key, const char* otherwise) const;
  std::array<double, 3> triple(const char* key, std::array<double, 3> otherwise) const;
  int64_t side(const char* key) const;                // a length in pixels, 1 to 8192
  std::vector<int64_t> sides(const char* key) const;  // a list of such; empty if it is none
  void read_values(Recipe& recipe) const;  // filter, rescaling and normalising; what is absent stays
  [[noreturn]] void reject(const char* key, const char* reason) const;

 private:
  struct Object;
  RecipeJson(std::shared_ptr<const Object> object, const char* file, std::string part)
      : object_(std::move(object)), file_(file), part_(std::move(part)) {}

  std::shared_ptr<const Object> object_;
  const char* file_;
  std::string part_;  // key of this object in the file's; empty for the whole
};

// Fails unless the numbers of a recipe make sense.
void check_recipe(const Recipe& recipe, const char* file);

}  // namespace fovea
