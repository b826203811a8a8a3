#include "apps/program.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

#include "apps/exit_code.h"

namespace fovea {
namespace {

struct Outcome {
  int code;
  std::string out, err;
};

Outcome run(std::vector<const char*> words) {
  words.insert(words.begin(), "fovea");
  std::istringstream in;
  std::ostringstream out, err;
  Console console{in, out, err};
  const int code = run_program(static_cast<int>(words.size()), words.data(), console);
  return {code, out.str(), err.str()};
}

TEST(Program, UsageErrorsAreOneLineWithTheNextStep) {
  unsetenv("FOVEA_MODEL");
  struct Case {
    std::vector<const char*> words;
    const char* line;
  };
  const std::vector<Case> cases = {
      {{}, "no verb given; run 'fovea help' to see what there is"},
      {{"clasify", "a.jpg"}, "unknown verb 'clasify'; did you mean 'classify'?"},
      {{"models", "shwo"}, "unknown verb 'models shwo'; did you mean 'models show'?"},
      {{"train"}, "'train' is half a verb; there are 'fovea train classify', 'fovea train detect'"},
      {{"eval", "--data"}, "'eval' is half a verb; there are 'fovea eval classify', 'fovea eval detect'"},
      {{"zzzzzz"}, "unknown verb 'zzzzzz'; run 'fovea help' to see what there is"},
      {{"classify", "--topk", "3", "a.jpg"},
       "fovea classify: unknown option '--topk'; did you mean '--top-k'?"},
      {{"classify", "--modle=x", "a.jpg"},
       "fovea classify: unknown option '--modle'; did you mean '--model'?"},
      {{"version", "now"},
       "fovea version: 'now' is one argument too many; run 'fovea version --help' to see what"},
      {{"classify", "a.jpg", "--format", "jsn"},
       "--format: 'jsn' is none of text, json, ndjson, csv; did you mean"},
      {{"classify", "a.jpg", "--on-error", "stop"}, "--on-error: 'stop' is none of skip, fail; "},
      {{"classify", "a.jpg", "-k", "0"}, "fovea classify: --top-k: "},
      {{"classify", "a.jpg", "-k", "many"}, "fovea classify: "},
      {{"classify", "a.jpg", "--threads", "0"}, "fovea classify: --threads: "},
      {{"classify", "a.jpg", "--json", "--format", "csv"}, "fovea classify: "},
      {{"classify", "-m", "x"}, "no picture given; name a file or a directory, or give --files-from"},
      {{"classify", "-", "-", "-m", "x"}, "standard input can be read once only; "},
      {{"bench", "-m", "x", "--size", "224x"}, "--size: '224x' is no size; write HxW, as in 224x320"},
      {{"bench", "-m", "x", "--size", "224"}, "--size: '224' is no size; "},
      {{"run", "-m", "x", "--input", "a"}, "fovea run: --output is missing; "},
      {{"help", "clasify"}, "no verb 'clasify' to explain; did you mean 'classify'?"},
      {{"help", "--verbs"}, "no verb '--verbs' to explain; "},
  };
  for (const Case& c : cases) {
    const Outcome outcome = run(c.words);
    EXPECT_EQ(outcome.code, kUsage) << outcome.err;
    EXPECT_TRUE(outcome.err.starts_with("fovea: " + std::string(c.line))) << outcome.err << "not " << c.line;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(Program, HelpNamesEveryVerbAndEndsWell) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"help"}, {"--help"}, {"-h"}}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, kOk);
    for (const char* verb : {"classify", "embed", "models show", "run", "bench", "version", "help"})
      EXPECT_NE(outcome.out.find("\n  " + std::string(verb) + " "), std::string::npos) << verb;
  }
  const Outcome classify = run({"help", "classify"});
  EXPECT_EQ(classify.code, kOk);
  EXPECT_LT(classify.out.find("fovea classify cat.jpg"), classify.out.find("--top-k"));  // examples lead
  EXPECT_EQ(run({"classify", "--help"}).out, classify.out);
  EXPECT_NE(run({"help", "models", "show"}).out.find("fovea models show vit"), std::string::npos);
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"train", "--help"}, {"help", "train"}, {"train", "-h"}}) {
    const Outcome train = run(words);
    EXPECT_EQ(train.code, kOk) << train.err;
    EXPECT_NE(train.out.find("train classify"), std::string::npos);
    EXPECT_NE(train.out.find("train detect"), std::string::npos);
    EXPECT_EQ(train.out.find("eval"), std::string::npos);
  }
}

TEST(Program, Version) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.code, kOk);
  EXPECT_TRUE(outcome.out.starts_with("fovea 0.")) << outcome.out;
  EXPECT_NE(run({"version", "--json"}).out.find("\"opencv\":\""), std::string::npos);
}

TEST(Program, OutputThatCannotBeWrittenIsAnError) {
  const char* words[] = {"fovea", "version"};
  std::istringstream in;
  std::ostringstream err;
  std::ostream out(nullptr);
  Console console{in, out, err};
  EXPECT_EQ(run_program(2, words, console), kInternal);
  EXPECT_EQ(err.str(), "fovea: standard output: cannot be written; is the disk full?\n");
}

}  // namespace
}  // namespace fovea
