#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "attention/checkpoint/checkpoint.h"
#include "attention/checkpoint/stored_layout.h"
#include "attention/checkpoint/stored_parameter.h"

namespace fovea {

// One line of a family's table: how checkpoints call what we call `ours`. '*' is a layer number, as many on
// both sides and in the same order; a '.' at the end is the whole subtree, whose rest both sides share. A
// kSplit3 rule's `ours` names the three parts in braces: {"blocks.*.attn.qkv.", "layers.*.attn.{q,k,v}.",
// Change::kSplit3}. Of the rules that fit a name, the first counts.
struct NameRule {
  const char* stored;
  const char* ours;  // "" for kDrop
  Change change = Change::kRename;
};
using NameRules = std::span<const NameRule>;

// Whether the rules cover all of a checkpoint's names, so that it is of their family.
bool matches(NameRules rules, const std::vector<std::string>& stored_names);

// The checkpoint's parameters by our names and in our shapes. A name that no rule covers stays as it is, for
// the store to report that no layer reads it.
ParameterMap map_names(const Checkpoint& checkpoint, NameRules rules);

// What a checkpoint calls our parameter, for messages; of a part of a split, the whole.
std::string stored_name(NameRules rules, const std::string& ours);

// The inverse of map_names(), to save a model or to compare gradients: by stored names and in stored shapes.
// `stored_shapes` tell what ours do not: how many leading ones, and the [., C, height, width] of a patch
// convolution; they may be those of the checkpoint that the model was trained from (Checkpoint::shapes()),
// even if its classifier is another now. A model made from nothing needs its patch convolutions there, by
// stored name. Tensors that no change touches share their values with `ours`.
std::map<std::string, Tensor> to_stored(NameRules rules, const std::map<std::string, Tensor>& ours,
                                        const std::map<std::string, Shape>& stored_shapes = {});

}  // namespace fovea
