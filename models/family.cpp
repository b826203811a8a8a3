#include "models/family.h"

#include <string_view>

namespace fovea {
namespace {

bool names_folder(std::string_view line, const std::string& folder) {
  if (!line.starts_with(folder)) return false;
  line.remove_prefix(folder.size());
  return folder.ends_with('/') || line.starts_with('/') || line.starts_with(": ");
}

}  // namespace

void fail_unknown(const ModelSource& source, const std::string& known) {
  if (!source.config)
    fail(source.folder.string(), ": no config.json, and the tensors' names fit no model that Fovea builds (",
         known, "); put the checkpoint's config.json beside its weights");
  const char* const key = source.config->has("model_type") ? "model_type" : "architecture";
  if (!source.config->has(key))
    fail(source.config->file(), ": neither model_type nor architecture says what the model is; Fovea builds ",
         known);
  fail(source.config->file(), ": ", key, " ", shown_name(source.config->text(key)),
       " is a variant that Fovea does not build; it builds ", known);
}

void fail_in(const std::filesystem::path& folder, const Error& error) {
  if (names_folder(error.what(), folder.string())) throw Error(error);
  fail(folder.string(), ": ", error.what());
}

}  // namespace fovea
