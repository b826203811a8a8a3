#include "attention/checkpoint/name_pattern.h"

#include <cassert>

namespace fovea {

std::optional<PatternMatch> match_pattern(std::string_view pattern, std::string_view name) {
  PatternMatch match;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t at = 0;
  for (char c : pattern) {
    if (c == '*') {
      const size_t begin = at;
      while (at < name.size() && is_digit(name[at])) ++at;
      if (at == begin) return std::nullopt;
      match.numbers.emplace_back(name.substr(begin, at - begin));
    } else if (at < name.size() && name[at] == c) {
      ++at;
    } else {
      return std::nullopt;
    }
  }
  match.subtree = name.substr(at);
  if (pattern.ends_with('.') == match.subtree.empty()) return std::nullopt;
  return match;
}

std::string fill_pattern(std::string_view pattern, const PatternMatch& match) {
  std::string name;
  auto number = match.numbers.begin();
  for (char c : pattern) {
    if (c != '*') {
      name += c;
      continue;
    }
    assert(number != match.numbers.end());
    name += *number++;
  }
  return name + match.subtree;
}

std::vector<std::string> alternatives(std::string_view pattern) {
  const size_t open = pattern.find('{'), close = pattern.find('}');
  if (open == pattern.npos) return {std::string(pattern)};
  std::vector<std::string> all;
  std::string_view words = pattern.substr(open + 1, close - open - 1);
  while (true) {
    const size_t comma = words.find(',');
    all.push_back(std::string(pattern.substr(0, open))
                      .append(words.substr(0, comma))
                      .append(pattern.substr(close + 1)));
    if (comma == words.npos) return all;
    words.remove_prefix(comma + 1);
  }
}

}  // namespace fovea
