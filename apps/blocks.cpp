#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "apps/exit_code.h"
#include "apps/options.h"
#include "attention/blocks/catalog.h"

namespace fovea {
namespace {

constexpr char kHelp[] =
    "Lists the attention blocks over a feature map that the library holds.\n\n"
    "  fovea blocks\n"
    "  fovea blocks --json | jq -r '.[].name'\n";

void list_text(std::ostream& out) {
  size_t name = 0, title = 0;
  for (const BlockInfo& block : block_catalog()) {
    name = std::max(name, std::string_view(block.name).size());
    title = std::max(title, std::string_view(block.title).size());
  }
  for (const BlockInfo& block : block_catalog())
    out << fmt::format("{:<{}}  {:<{}}  {}\n", block.name, name, block.title, title, block.paper);
}

void list_json(std::ostream& out) {
  auto all = nlohmann::ordered_json::array();
  for (const BlockInfo& block : block_catalog())
    all.push_back({{"name", block.name}, {"title", block.title}, {"paper", block.paper}});
  out << all.dump(2) << "\n";
}

}  // namespace

int blocks_verb(const Arguments& arguments, Console& console) {
  CLI::App app(kHelp, "fovea blocks");
  bool json = false;
  add_format_options(app, json);
  if (!parse_options(app, arguments, console)) return kOk;
  json ? list_json(console.out) : list_text(console.out);
  return kOk;
}

}  // namespace fovea
