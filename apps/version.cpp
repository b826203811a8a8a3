#include <tbb/version.h>

#include <nlohmann/json.hpp>
#include <opencv2/core/version.hpp>
#include <ostream>

#include "apps/exit_code.h"
#include "apps/model_options.h"
#include "attention/base/isa.h"

namespace fovea {
namespace {

#ifdef __clang__
constexpr char kCompiler[] = "Clang " __clang_version__;
#else
constexpr char kCompiler[] = "GCC " __VERSION__;
#endif

}  // namespace

int version_verb(const Arguments& arguments, Console& console) {
  CLI::App app("Says what this program is made of.\n\n  fovea version --json\n", "fovea version");
  bool json = false;
  app.add_flag("--json", json, "As one JSON object");
  if (!parse_options(app, arguments, console)) return kOk;
  settle_isa();
  const std::vector<std::string> isas = runnable_isas();
  if (json) {
    const nlohmann::ordered_json parts = {{"version", FOVEA_VERSION}, {"compiler", kCompiler},
                                          {"opencv", CV_VERSION},     {"tbb", TBB_runtime_version()},
                                          {"isa", active_isa()},      {"runnable_isas", isas}};
    console.out << parts.dump() << "\n";
    return kOk;
  }
  console.out << "fovea " FOVEA_VERSION "\ncompiler  " << kCompiler
              << "\nopencv    " CV_VERSION "\ntbb       " << TBB_runtime_version() << "\nisa       "
              << active_isa() << ", of";
  for (const std::string& isa : isas) console.out << " " << isa;
  console.out << "\n";
  return kOk;
}

}  // namespace fovea
