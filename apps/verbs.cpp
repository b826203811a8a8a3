#include "apps/verbs.h"

namespace fovea {

using VerbFunction = int(const Arguments&, Console&);
VerbFunction classify_verb, detect_verb, attend_verb, train_classify_verb, train_detect_verb,
    eval_classify_verb, eval_detect_verb, embed_verb, blocks_verb, models_show_verb, data_check_verb,
    run_verb, bench_verb, version_verb, help_verb;

namespace {

constexpr Verb kVerbs[] = {
    {"classify", "name what pictures show", classify_verb, true},
    {"detect", "find objects in pictures and videos", detect_verb, true},
    {"attend", "show what a model looks at", attend_verb, true},
    {"embed", "turn pictures into vectors", embed_verb, true},
    {"train classify", "train a classifier on folders of pictures", train_classify_verb, true},
    {"train detect", "train a detector on pictures with boxes", train_detect_verb, true},
    {"eval classify", "say how good a classifier is", eval_classify_verb, true},
    {"eval detect", "say how good a detector is, in COCO's figures", eval_detect_verb, true},
    {"models show", "say what a model folder holds", models_show_verb},
    {"data check", "say what is in a data set, and what is wrong with it", data_check_verb},
    {"blocks", "list the attention blocks", blocks_verb},
    {"run", "run a model on a tensor file", run_verb, true},
    {"bench", "time a model on this machine", bench_verb},
    {"version", "say what this program is made of", version_verb},
    {"help", "explain the program, or one verb", help_verb},
};

}  // namespace

std::span<const Verb> verbs() {
  return kVerbs;
}

const Verb* find_verb(std::string_view name) {
  for (const Verb& verb : kVerbs)
    if (verb.name == name) return &verb;
  return nullptr;
}

std::vector<std::string> longer_verbs(const std::string& word) {
  std::vector<std::string> names = verb_names();
  std::erase_if(names, [&](const std::string& name) { return !name.starts_with(word + " "); });
  return names;
}

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const Verb& verb : kVerbs) names.emplace_back(verb.name);
  return names;
}

}  // namespace fovea
