#include "apps/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <opencv2/core.hpp>
#include <ostream>

#include "apps/exit_code.h"
#include "apps/suggest.h"
#include "apps/verbs.h"

namespace fovea {
namespace {

const Verb* verb_of(const std::string& word) {
  if (word == "--help" || word == "-h") return find_verb("help");
  if (word == "--version" || word == "-V") return find_verb("version");
  return find_verb(word);
}

// The verb that the first words name, and how many they are; or none.
struct Named {
  const Verb* verb = nullptr;
  int words = 0;
};

Named named(const Arguments& words) {
  if (words.size() > 1)
    if (const Verb* verb = find_verb(words[0] + " " + words[1])) return {verb, 2};
  if (words.empty()) return {};
  return {verb_of(words[0]), 1};
}

int dispatch(const Arguments& words, Console& console) {
  if (words.empty()) fail_with(kUsage, "no verb given; run 'fovea help' to see what there is");
  if (const auto [verb, count] = named(words); verb)
    return verb->run({words.begin() + count, words.end()}, console);
  const std::vector<std::string> longer = longer_verbs(words[0]);
  if (words.size() > 1 && (words[1] == "--help" || words[1] == "-h") && !longer.empty())
    return find_verb("help")->run({words[0]}, console);
  if (!longer.empty() && (words.size() == 1 || words[1][0] == '-'))
    fail_with(kUsage, "'", words[0], "' is half a verb; there are ",
              fmt::format("'fovea {}'", fmt::join(longer, "', 'fovea ")));
  // "models shwo" is nearer to a verb of two words than "models" is.
  std::string typed = words[0];
  if (words.size() > 1 && words[1][0] != '-' && nearest_name(typed, verb_names()).empty())
    typed += " " + words[1];
  fail_with(kUsage, "unknown verb '", typed, "'",
            suggestion(typed, verb_names(), "run 'fovea help' to see what there is"));
}

Arguments words_of(int argc, const char* const* argv) {
  return {argv + std::min(argc, 1), argv + argc};
}

int complain(Console& console, std::string line, int code) {
  std::replace(line.begin(), line.end(), '\n', ' ');
  console.err << "fovea: " << line << "\n" << std::flush;
  return code;
}

}  // namespace

int run_program(int argc, const char* const* argv, Console& console) {
  try {
    const int code = dispatch(words_of(argc, argv), console);
    console.out.flush();
    if (!console.out)
      return complain(console, "standard output: cannot be written; is the disk full?", kInternal);
    return code;
  } catch (const ProgramError& error) {
    return complain(console, error.what(), error.code);
  } catch (const std::bad_alloc&) {
    return complain(console, "out of memory; try a smaller --batch, or fewer --threads", kResourceLimit);
  } catch (const cv::Exception& error) {
    if (error.code == cv::Error::StsNoMem)
      return complain(console, "out of memory; try a smaller --batch, or fewer --threads", kResourceLimit);
    return complain(console, error.what(), kInternal);
  } catch (const std::exception& error) {
    return complain(console, error.what(), kInternal);
  }
}

bool drains(int argc, const char* const* argv) {
  const Verb* verb = named(words_of(argc, argv)).verb;
  return verb && verb->drains;
}

}  // namespace fovea
