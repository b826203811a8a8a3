#include <fmt/format.h>

#include <ostream>

#include "apps/exit_code.h"
#include "apps/suggest.h"
#include "apps/verbs.h"

namespace fovea {
namespace {

constexpr char kIntroduction[] =
    "Fovea looks at pictures.\n\n"
    "  fovea classify cat.jpg                         name what a picture shows\n"
    "  fovea classify cat.jpg -m vit                  the same with a checkpoint of yours\n"
    "  fovea attend cat.jpg -m vit -o cat.html        what the model looked at, as a page to explore\n"
    "  fovea train classify --data flowers -m vit     train it on your own pictures\n"
    "  fovea embed photos/ -m vit --json              vectors of a folder of pictures\n"
    "  fovea help classify                            all options of a verb\n\n"
    "Verbs:\n";
constexpr char kExitCodes[] =
    "\nExit codes: 0 ok, 1 internal error, 2 usage, 3 some inputs failed, 4 model unusable or not found,\n"
    "6 out of memory, 7 evaluation below what was asked for, 129, 130 and 143 stopped by a signal.\n";

}  // namespace

int help_verb(const Arguments& arguments, Console& console) {
  std::string name;
  for (const std::string& word : arguments) name += (name.empty() ? "" : " ") + word;
  if (const Verb* verb = find_verb(name); verb && verb->run != help_verb)
    return verb->run({"--help"}, console);
  const std::vector<std::string> longer = longer_verbs(name);
  for (const std::string& verb : longer)
    console.out << fmt::format("  fovea {:<15} {}\n", verb, find_verb(verb)->summary);
  if (!longer.empty()) return kOk;
  if (!name.empty() && name != "help" && name != "--help" && name != "-h")
    fail_with(kUsage, "no verb '", name, "' to explain",
              suggestion(name, verb_names(), "run 'fovea help' to see what there is"));
  console.out << kIntroduction;
  for (const Verb& verb : verbs()) console.out << fmt::format("  {:<15} {}\n", verb.name, verb.summary);
  console.out << kExitCodes;
  return kOk;
}

}  // namespace fovea
