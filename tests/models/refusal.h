#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "attention/base/error.h"

namespace fovea {

// The one line that `work` fails with; a failed test and "" if it does not, or with something else than one
// line.
template <class Work>
std::string refusal_of(const Work& work) {
  try {
    work();
    ADD_FAILURE() << "nothing was refused";
  } catch (const Error& error) {
    const std::string line = error.what();
    for (char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) << line;
    return line;
  }
  return "";
}

inline void expect_words(const std::string& line, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    EXPECT_NE(line.find(word), std::string::npos) << word << " in " << line;
}

}  // namespace fovea
