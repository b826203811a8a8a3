#pragma once
#include <exception>
#include <string>

namespace fovea {

// What it throws.
template <class Work>
std::string message(const Work& work) {
  try {
    work();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace fovea
