#include "apps/options.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cmath>
#include <ostream>

namespace fovea {
namespace {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// CLI11 reads 010 as 8.
std::string decimal(std::string text) {
  const size_t sign = text.starts_with('-') || text.starts_with('+');
  const size_t first = text.find_first_not_of('0', sign);
  if (text.size() > sign && text.find_first_not_of("0123456789", sign) == std::string::npos)
    text.erase(sign, std::min(first, text.size() - 1) - sign);
  return text;
}

bool takes_whole_number(const CLI::Option& option) {
  const std::string type = option.get_type_name().substr(0, option.get_type_name().find(':'));
  return type == "N" || type == "S" || type == "K";
}

bool stands_in(const Arguments& arguments, const std::string& option) {
  return std::ranges::any_of(
      arguments, [&](const std::string& word) { return word == option || word.starts_with(option + "="); });
}

// Where a value came from that a message of CLI11 speaks of as the option's, if it stands in no argument.
std::string source_of(const std::string& message, const CLI::App& app, const Arguments& arguments) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string variable = option->get_envname(), name = option->get_name();
    if (!variable.empty() && message.starts_with(name + ":") && !stands_in(arguments, name))
      return ", by $" + variable;
  }
  return "";
}

}  // namespace

bool parse_options(CLI::App& app, const Arguments& arguments, Console& console) {
  const std::string hint = "run '" + app.get_name() + " --help' to see what there is";
  try {
    Arguments reversed(arguments.rbegin(), arguments.rend());
    for (std::string& word : reversed)  // CLI11 would split a file called [a,b] into two
      if (word.starts_with('[') && word.ends_with(']')) word = "./" + word;
    for (CLI::Option* option : app.get_options([](const CLI::Option* o) { return takes_whole_number(*o); }))
      option->transform(decimal, "");
    app.parse(std::move(reversed));
    return true;
  } catch (const CLI::CallForHelp&) {
    console.out << app.help();
    return false;
  } catch (const CLI::ExtrasError&) {
    std::string extra = app.remaining().front();
    extra = extra.substr(0, extra.find('='));
    if (extra.empty() || extra[0] != '-')
      fail_with(kUsage, app.get_name(), ": '", extra, "' is one argument too many; ", hint);
    fail_with(kUsage, app.get_name(), ": unknown option '", extra, "'",
              suggestion(extra, option_names(app), hint));
  } catch (const CLI::ParseError& error) {
    fail_with(kUsage, app.get_name(), ": ", error.what(), source_of(error.what(), app, arguments), "; ",
              hint);
  }
}

CLI::Validator within(double least, double most) {
  return {[=](const std::string& text) -> std::string {
            double value = NAN;
            if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most) return "";
            return fmt::format("{} is no number from {} to {}", text, least, most);
          },
          fmt::format("FLOAT in [{} - {}]", least, most)};
}

void add_format_options(CLI::App& app, bool& json) {
  CLI::Option* format = add_choice<bool>(app, "--format", json, {{"text", false}, {"json", true}},
                                         "text or json; default: text");
  app.add_flag("--json", json, "The same as --format json")->excludes(format);
}

}  // namespace fovea
