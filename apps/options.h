#pragma once
#include <CLI/App.hpp>

#include "apps/exit_code.h"
#include "apps/suggest.h"
#include "apps/verbs.h"

namespace fovea {

// Reads the arguments into what the app's options point at; what is wrong with them is a kUsage error, with
// the nearest option if one was mistyped. False: --help was asked for, and is written.
bool parse_options(CLI::App& app, const Arguments& arguments, Console& console);

// Checks that a number is from `least` to `most`. CLI::Range lets nan pass.
CLI::Validator within(double least, double most);

template <class Value>
struct Choice {
  const char* name;
  Value value;
};

// An option whose value is one of a few words.
template <class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& option, Value& target,
                        std::vector<Choice<Value>> choices, const std::string& description) {
  const auto choose = [option, &target, choices](const std::string& word) {
    std::vector<std::string> names;
    for (const Choice<Value>& choice : choices) {
      names.emplace_back(choice.name);
      if (word != choice.name) continue;
      target = choice.value;
      return;
    }
    std::string known;
    for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
    fail_with(kUsage, option, ": '", word, "' is none of ", known,
              suggestion(word, names, "choose one of these"));
  };
  return app.add_option_function<std::string>(option, choose, description)->type_name("WORD");
}

// --format text or json, and --json.
void add_format_options(CLI::App& app, bool& json);

}  // namespace fovea
