#pragma once
#include <streambuf>
#include <vector>

namespace fovea {

// Standard input, ending also when a signal comes: std::cin would wait on, whichever thread the signal
// interrupts.
class StandardInput : public std::streambuf {
 public:
  StandardInput() : buffer_(size_t{1} << 16) {}

 protected:
  int_type underflow() override;  // how std::istream asks for more

 private:
  std::vector<char> buffer_;
};

}  // namespace fovea
