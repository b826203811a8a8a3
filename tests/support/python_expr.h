#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attention/base/error.h"

namespace fovea {

// A Python expression as golden cases hold them: "nn.LayerNorm([3, 4], eps=1e-6)", "F.softmax(x * 3, dim=1)".
struct PythonExpr {
  enum class Kind {
    kName,       // text
    kNumber,     // number
    kString,     // text, unquoted
    kBool,       // number: 1 or 0
    kNone,       // nothing
    kTuple,      // items
    kList,       // items
    kCall,       // items: what is called, then the positional arguments; keywords
    kAttribute,  // items[0] . text
    kIndex,      // items[0] [ items[1] ]
    kNegate,     // - items[0]
    kBinary,     // items[0] text items[1]; text: + - * / **
    kLambda,     // text: its parameters, comma-separated; items[0]
  };
  Kind kind = Kind::kNone;
  std::string text;
  double number = 0;
  std::vector<PythonExpr> items;
  std::vector<std::pair<std::string, PythonExpr>> keywords;
};

struct UnknownPython : Error {
  using Error::Error;
};

// Throws UnknownPython with the place of the first thing it does not know.
PythonExpr parse_python(std::string_view text);

// "nn.Linear" for a name or a chain of attributes of a name, else empty.
std::string dotted_name(const PythonExpr& expr);

}  // namespace fovea
