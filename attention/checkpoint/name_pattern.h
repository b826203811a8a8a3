#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// A name fitted to a pattern such as "encoder.layer.*.norm.": '*' is a number, a '.' at the end any subtree.
struct PatternMatch {
  std::vector<std::string> numbers;  // what the '*' stood for, in order
  std::string subtree;               // what followed the '.' at the end: "weight"
};
std::optional<PatternMatch> match_pattern(std::string_view pattern, std::string_view name);

// The inverse; `pattern` may have been another one with as many '*'.
std::string fill_pattern(std::string_view pattern, const PatternMatch& match);

// "attn.{q,k,v}." -> "attn.q.", "attn.k.", "attn.v."; a pattern without braces -> itself.
std::vector<std::string> alternatives(std::string_view pattern);

}  // namespace fovea
