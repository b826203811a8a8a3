#include "models/text_file.h"

#include <fstream>
#include <iterator>

#include "attention/base/error.h"

namespace fovea {

std::optional<std::string> read_text(const std::filesystem::path& file) {
  constexpr uintmax_t kMost = uintmax_t{1} << 26;
  std::error_code error;
  const std::filesystem::file_type type = std::filesystem::status(file, error).type();
  if (type == std::filesystem::file_type::not_found) return std::nullopt;
  if (type == std::filesystem::file_type::none)
    fail(file.string(), ": ", error.message(), "; check its permissions and the folder's");
  if (type != std::filesystem::file_type::regular) fail(file.string(), ": not a file; check the folder");
  if (std::filesystem::file_size(file, error) > kMost || error)
    fail(file.string(), ": too large to be read as text; use the file of the checkpoint");
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad()) fail(file.string(), ": cannot be read; check its permissions");
  return text;
}

}  // namespace fovea
